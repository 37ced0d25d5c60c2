"""The addresses of the console: nouns, one list per page file."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
