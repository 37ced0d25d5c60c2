"""Sources: who may send events, what to paste where, and how well it goes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from zhiyin.adapters.records.models import Source
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.domain.text import say
from zhiyin.entrypoints.console import health as data_health
from zhiyin.entrypoints.console import words
from zhiyin.entrypoints.site import current
from zhiyin.services import health, snippets, sources
from zhiyin.services.workspace import Workspace

_WITHOUT_KEY = (sources.OWN, sources.FILES)


def source_list(request: HttpRequest) -> HttpResponse:
    """All sources and how they stand."""
    found = health.get(current())
    limits = {row.pk: row for row in sources.list_(current())}
    listed = [(one, limits.get(one.source_id)) for one in found.sources]
    return render(
        request,
        "console/data/sources.html",
        {
            "live": [pair for pair in listed if pair[0].state != health.State.REVOKED],
            "revoked": [row for row in limits.values() if row.revoked_at is not None],
        },
    )


@sensitive_variables("key")
def new(request: HttpRequest) -> HttpResponse:
    """Make a source; the page that answers is the only one that shows its key."""
    ws = current()
    given = {name: request.POST.get(name, "") for name in ("name", "kind", "limit")}
    problem = None
    if request.method == "POST":
        try:
            row, key = sources.create(ws, given["name"], given["kind"] or "web", _number(given["limit"]))
        except (BadSetting, Conflict) as error:
            problem = error
        else:
            return render(request, "console/data/source.html", _page(ws, row, key))
    kinds = [
        (code, words.SOURCE_KINDS[code], words.SOURCE_KIND_HELP[code], words.SOURCE_PICTURES[code])
        for code in sources.KINDS
    ]
    return render(
        request,
        "console/data/source_new.html",
        {"kinds": kinds, "given": given, "problem": problem},
        status=422 if problem else 200,
    )


def one(request: HttpRequest, key: str) -> HttpResponse:
    """One source: by its number, or one of those without a key by name."""
    shown = _page(current(), None, key) if key in _WITHOUT_KEY else _page(current(), _row(key))
    return render(request, "console/data/source.html", shown)


@require_POST
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Give it another name or another limit; each holds within ten seconds."""
    ws, row = current(), _in_force(key)
    try:
        if "name" in request.POST:
            sources.rename(ws, row.name, request.POST["name"])
        else:
            sources.limit(ws, row.name, _number(request.POST.get("limit", "")))
    except (BadSetting, Conflict) as error:
        return render(request, "console/data/source.html", {**_page(ws, row), "problem": error}, status=422)
    messages.success(request, gettext("Saved. It holds within ten seconds."))
    return redirect("source", key)


@require_POST
def revoke(request: HttpRequest, key: str) -> HttpResponse:
    """Switch its key off for good."""
    name = _in_force(key).name
    sources.revoke(current(), name)
    messages.success(
        request, gettext("“%(name)s” is revoked. Within ten seconds nothing takes its key.") % {"name": name}
    )
    return redirect("sources")


@require_POST
def test(request: HttpRequest, key: str) -> HttpResponse:
    """Send a test event the way of all events, and go where it will be seen."""
    name = _in_force(key).name
    sources.test(current(), name)
    messages.success(request, gettext("The test event is on its way; it appears here within seconds."))
    return redirect(f"{reverse('live')}?{urlencode({'source': name})}")


@sensitive_variables("key")
def _page(ws: Workspace, row: Source | None, key: str = "") -> dict[str, Any]:
    """A source with a row, and its key where that is fresh; or one without a key, by name."""
    name = row.name if row else key
    found = health.get(ws, source=name)
    shown = data_health.shown(ws, found)
    if row is not None and row.revoked_at is None:
        browser = row.kind == "web"
        found_snippets = snippets.snippets(ws.settings.base_url, key or snippets.KEY)
        shown["snippets"] = sorted(found_snippets, key=lambda one: (one.kind == "web") != browser)
        shown["fresh_key"] = key
        shown["placeholder"] = snippets.KEY
    # a name may be borne by a revoked source and by one in force: the figures are those of the name
    shown["state"] = next((one for one in found.sources), None)
    return {**shown, "row": row, "name": name, "kind": row.kind if row else name}


def _row(key: str) -> Source:
    if not (key.isascii() and key.isdigit() and len(key) < 16):
        raise NotFound(say("There is no such source."), fix=say("Look at the list of sources."))
    return sources.by_id(current(), int(key))


def _in_force(key: str) -> Source:
    row = _row(key)
    if row.revoked_at is not None:
        raise NotFound(say("The source {name!r} is revoked.", name=row.name), fix=say("Create a new one."))
    return row


def _number(text: str) -> int:
    """A limit as it was typed; nothing is no limit, and what is no number is out of range."""
    text = text.strip().replace(",", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0 if not text else -1


urlpatterns = [
    path("data/sources", source_list, name="sources"),
    path("data/sources/new", new, name="source_new"),
    path("data/sources/<str:key>", one, name="source"),
    path("data/sources/<str:key>/change", change, name="source_change"),
    path("data/sources/<str:key>/revoke", revoke, name="source_revoke"),
    path("data/sources/<str:key>/test", test, name="source_test"),
]
