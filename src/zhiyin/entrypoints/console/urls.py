"""The addresses of the console: nouns, one list per page file."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from zhiyin.entrypoints.console import account, customers, overview

urlpatterns: list[URLPattern | URLResolver] = [
    *account.urlpatterns,
    *overview.urlpatterns,
    *customers.urlpatterns,
]
