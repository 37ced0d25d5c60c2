"""Sending domains: the keys that sign messages, and what to publish so that they are believed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from zhiyin.domain.errors import BadSetting, Conflict, ZhiyinError
from zhiyin.domain.sending_domain import KeyAlgorithm
from zhiyin.entrypoints.site import current
from zhiyin.services import dns_records, sending_domain


def page(request: HttpRequest) -> HttpResponse:
    """All domains with their keys and records."""
    return _page(request)


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Add a domain with its first key."""
    try:
        row = sending_domain.add(current(), request.POST.get("domain", ""))
    except (BadSetting, Conflict) as error:
        return _page(request, error)
    return _done(request, gettext("Messages of %(domain)s are signed from now on.") % {"domain": row.name})


@require_POST
@sensitive_post_parameters("pem")
def key(request: HttpRequest, name: str) -> HttpResponse:
    """Make another key, or take one in."""
    given = {field: request.POST.get(field, "") for field in ("algorithm", "selector", "pem")}
    try:
        row = sending_domain.add_key(
            current(),
            name,
            given["algorithm"] or KeyAlgorithm.RSA,
            selector=given["selector"],
            pem=given["pem"].encode(),
        )
    except (BadSetting, Conflict) as error:
        return _page(request, error)
    return _done(request, gettext("The key %(selector)s signs from now on.") % {"selector": row.selector})


@require_POST
def rotate(request: HttpRequest, name: str) -> HttpResponse:
    """New keys beside the old ones."""
    sending_domain.rotate(current(), name)
    return _done(request, gettext("Old and new keys sign. Publish the new record, then retire the old key."))


@require_POST
def retire(request: HttpRequest, name: str) -> HttpResponse:
    """Stop signing with one key."""
    try:
        row = sending_domain.retire(current(), name, request.POST.get("selector", ""))
    except Conflict as error:
        return _page(request, error)
    return _done(request, gettext("The key %(selector)s signs no more.") % {"selector": row.selector})


@require_POST
def remove(request: HttpRequest, name: str) -> HttpResponse:
    """Forget a domain."""
    sending_domain.remove(current(), name)
    return _done(request, gettext("Messages of %(domain)s are not signed any more.") % {"domain": name})


def _page(request: HttpRequest, problem: ZhiyinError | None = None) -> HttpResponse:
    ws = current()
    shown: dict[str, Any] = {
        "domains": [_shown(row) for row in sending_domain.list_(ws)],
        "suggested": ws.settings.sender.email.rpartition("@")[2],
        "problem": problem,
    }
    return render(request, "console/sending_domain.html", shown, status=422 if problem else 200)


def _shown(row: Any) -> dict[str, Any]:
    keys = list(row.keys.all())
    return {
        "row": row,
        "keys": keys,
        "signing": sum(key.retired_at is None for key in keys),
        "has_ed25519": any(key.algorithm == KeyAlgorithm.ED25519 and not key.retired_at for key in keys),
        "records": dns_records.of(current(), row),
    }


def _done(request: HttpRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect("sending_domain")


urlpatterns = [
    path("settings/domains", page, name="sending_domain"),
    path("settings/domains/add", add, name="sending_domain_add"),
    path("settings/domains/<str:name>/key", key, name="sending_domain_key"),
    path("settings/domains/<str:name>/rotate", rotate, name="sending_domain_rotate"),
    path("settings/domains/<str:name>/retire", retire, name="sending_domain_retire"),
    path("settings/domains/<str:name>/remove", remove, name="sending_domain_remove"),
]
