"""Campaigns → Messages: any message found again, what became of it, and itself as it was sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from zhiyin.adapters.records.erasure import NAMELESS
from zhiyin.adapters.records.models import Campaign, Customer, Message
from zhiyin.domain.program import campaign_of, kind_of
from zhiyin.entrypoints.console import paging, words
from zhiyin.entrypoints.site import current
from zhiyin.services.workspace import Workspace

_PER_PAGE = 50
_STATUSES = ("accepted", "failed", "unknown", "refused", "held_out", "planned", "handed_over")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Messages of all programs, the latest first."""
    from zhiyin.services import message_search

    ws, given = current(), request.GET
    wanted = message_search.Wanted(
        given.get("q", "").strip(),
        given.get("status", "") if given.get("status") in _STATUSES else "",
        given.get("program", ""),
        _midnight(ws, given.get("since", "")),
        _midnight(ws, given.get("until", ""), days=1),  # the day itself belongs to it
    )
    page = paging.number(given.get("page", ""))
    found = message_search.search(ws, wanted, page, _PER_PAGE)
    context = {
        "section": "campaigns",
        "lines": _lines(found.rows),
        "wanted": wanted,
        "given": {name: given.get(name, "") for name in ("since", "until")},
        "filters": any((wanted.q, wanted.status, wanted.program, wanted.since, wanted.until)),
        "statuses": [(code, words.name(words.STATUSES, code)) for code in _STATUSES],
        "kinds": list(words.PROGRAM_KINDS.items()),
        "one_program": wanted.program if ":" in wanted.program else "",
        "newer": page - 1,
        "older": page + 1 if found.more else 0,
    }
    return render(request, "console/messages/index.html", context)


@require_safe
def one(request: HttpRequest, token: str) -> HttpResponse:
    """One message: its story, and itself as it was sent."""
    from zhiyin.services import copies, message_search

    ws = current()
    story = message_search.story(ws, token)
    (line,) = _lines([story.row])
    context = {
        "section": "campaigns",
        "line": line,
        "row": story.row,
        "decision": story.decision,
        "came_back": story.came_back,
        "copy": copies.shown(ws, token),
        "keep_days": ws.settings.messages.keep_days,
        "raw": (copies.raw(ws, token) or b"").decode("utf-8", "replace"),
    }
    return render(request, "console/messages/one.html", context)


@require_safe
def source(request: HttpRequest, token: str) -> HttpResponse:
    """The message as a file that mail programs open, byte for byte as it left."""
    from zhiyin.services import copies

    content = copies.raw(current(), token)
    if content is None:
        raise Http404
    headers = {
        "Content-Disposition": f'attachment; filename="{token}.eml"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type="message/rfc822", headers=headers)


def _lines(rows: list[Message]) -> list[dict[str, Any]]:
    """What a list says of each: whom it went to, and which program it belongs to."""
    names = dict(Customer.objects.filter(pk__in={row.customer_id for row in rows}).values_list("pk", "name"))
    keys = {campaign_of(row.program) for row in rows} - {None}
    campaigns = dict(Campaign.objects.filter(key__in=keys).values_list("key", "name"))
    return [
        {
            "row": row,
            "name": names.get(row.customer_id) or row.customer_id,
            "known": row.customer_id in names,
            "nobody": row.customer_id.startswith(NAMELESS),
            "campaign": campaign_of(row.program),
            "program": campaigns.get(campaign_of(row.program) or "", row.program.partition(":")[2]),
            "kind": words.name(words.PROGRAM_KINDS, kind_of(row.program)),
        }
        for row in rows
    ]


def _midnight(ws: Workspace, text: str, days: int = 0) -> datetime | None:
    """The beginning of a day of the shop; None where the text is none."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(day, time.min, ws.timezone).astimezone(UTC) if 1970 < day.year < 9_000 else None


urlpatterns = [
    path("messages", index, name="messages"),
    path("messages/<str:token>", one, name="message"),
    path("messages/<str:token>/source.eml", source, name="message_source"),
]
