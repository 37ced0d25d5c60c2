"""The addresses of the console: nouns, one list per page file."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from zhiyin.entrypoints.console import (
    account,
    api_keys,
    bounces,
    campaigns,
    channels,
    customers,
    data,
    deliverability,
    features,
    forms,
    health,
    jobs,
    lifecycle,
    live,
    messages,
    overview,
    recommendations,
    rejects,
    segments,
    sending_domain,
    settings,
    sources,
    suppressions,
    templates,
    topics,
)

urlpatterns: list[URLPattern | URLResolver] = [
    *account.urlpatterns,
    *overview.urlpatterns,
    *customers.urlpatterns,  # ids may be any text, so the section's other pages do not begin with its name
    *features.urlpatterns,
    *lifecycle.urlpatterns,
    *segments.urlpatterns,
    *recommendations.urlpatterns,
    *templates.urlpatterns,  # before the keys of campaigns
    *campaigns.urlpatterns,
    *messages.urlpatterns,
    *health.urlpatterns,
    *sources.urlpatterns,
    *live.urlpatterns,
    *data.urlpatterns,
    *rejects.urlpatterns,
    *jobs.urlpatterns,
    *topics.urlpatterns,
    *forms.urlpatterns,
    *suppressions.urlpatterns,
    *settings.urlpatterns,
    *api_keys.urlpatterns,
    *sending_domain.urlpatterns,
    *channels.urlpatterns,
    *deliverability.urlpatterns,
    *bounces.urlpatterns,
]
