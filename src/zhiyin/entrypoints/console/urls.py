"""The addresses of the console: nouns, one list per page file."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from zhiyin.entrypoints.console import (
    account,
    campaigns,
    customers,
    data,
    jobs,
    overview,
    recommendations,
    segments,
    settings,
)

urlpatterns: list[URLPattern | URLResolver] = [
    *account.urlpatterns,
    *overview.urlpatterns,
    *customers.urlpatterns,
    *segments.urlpatterns,
    *recommendations.urlpatterns,
    *campaigns.urlpatterns,
    *data.urlpatterns,
    *jobs.urlpatterns,
    *settings.urlpatterns,
]
