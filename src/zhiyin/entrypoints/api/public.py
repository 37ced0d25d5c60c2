"""The public links of messages: opens, clicks, unsubscribing."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
