"""Live events: what comes in and what becomes of it, as it comes; filtered, paused, one click to the customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language

from zhiyin.adapters.records.models import Customer
from zhiyin.entrypoints.console import formats, words
from zhiyin.entrypoints.site import current
from zhiyin.services import catalogue, live, sources
from zhiyin.services.workspace import Workspace

ROWS = 40
_FRESH = timedelta(minutes=10)  # a stream that stood still for longer says so
_MINUTE = timedelta(minutes=1)


def page(request: HttpRequest) -> HttpResponse:
    """The stream with its filters; all of them in the query string."""
    ws = current()
    wanted = _wanted(request)
    names = [row.name for row in sources.list_(ws) if row.revoked_at is None]
    return render(
        request,
        "console/data/live.html",
        {
            **shown(ws, wanted, ROWS),
            "wanted": wanted,
            "filtered": any(wanted.values()),
            "sources": [*names, *({wanted["source"]} - {*names, "", sources.OWN}), sources.OWN],
            "zone": ws.settings.shop.timezone,
        },
    )


def rows(request: HttpRequest) -> HttpResponse:
    """The rows alone, asked for every two seconds."""
    few = request.GET.get("few") == "1"
    wanted = _wanted(request)
    context = shown(current(), wanted, 6 if few else ROWS)
    return render(
        request, "console/data/_stream.html", {**context, "filtered": any(wanted.values()), "again": True}
    )


def shown(ws: Workspace, wanted: Mapping[str, str], limit: int) -> dict[str, Any]:
    """The newest outcomes that are wanted, with the names of people and items; and whether anything comes."""
    now, latest = ws.now(), live.latest(ws)
    chosen = live.chosen(
        latest,
        source=wanted.get("source", ""),
        person=wanted.get("person", ""),
        rejects=wanted.get("rejects") == "1",
    )
    wish = wanted.get("name", "").casefold()
    if wish:
        chosen = [one for one in chosen if wish in one.name.casefold() or wish in _name(one).casefold()]
    chosen = chosen[:limit]
    people = dict(
        Customer.objects.filter(pk__in={one.customer_id for one in chosen}).values_list("customer_id", "name")
    )
    items = catalogue.items(ws, {one.item for one in chosen if one.item})
    language = get_language() or "en"
    return {
        "outcomes": [
            {
                "one": one,
                "name": _name(one),
                "icon": "ban" if one.reason else words.PICTURES.get(one.name, "bolt"),
                "person": people.get(one.customer_id, ""),
                "known": one.customer_id in people,
                "item": items[one.item].name_in(language) if one.item in items else one.item,
            }
            for one in chosen
        ],
        "rate": sum(1 for one in latest if now - one.came < _MINUTE),
        "many": len(latest) == live.KEPT and now - latest[-1].came < _MINUTE,
        "stale": not latest or now - latest[0].came > _FRESH,
        "last": latest[0] if latest else None,
        "last_at": _moment(ws, latest[0].came, now) if latest else "",
    }


def _name(one: live.Outcome) -> str:
    return words.name(words.EVENTS, one.name)


def _moment(ws: Workspace, at: datetime, now: datetime) -> str:
    """The time of day, with the date where that is another."""
    if at.astimezone(ws.timezone).date() == now.astimezone(ws.timezone).date():
        return formats.clock(at, ws.timezone)
    return formats.date_time(at, ws.timezone, get_language() or "en")


def _wanted(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip()[:200] for name in ("source", "name", "person", "rejects")}


urlpatterns = [path("data/live", page, name="live"), path("data/live/rows", rows, name="live_rows")]
