"""Channel health: whether messages go out, what the mail server answers, and the pace that is used."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyin.domain.breaker import BreakerState
from zhiyin.entrypoints.console import formats, words
from zhiyin.entrypoints.site import current
from zhiyin.services import breaker, channel_health, channels
from zhiyin.services.channel_health import ChannelHealth, Hour
from zhiyin.services.workspace import Workspace


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """How sending by e-mail is doing; no server is asked."""
    return render(request, "console/channels.html", _context(current()))


@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Ask the server to let us in. For htmx a partial; else back to the page with a message."""
    refusal = channel_health.try_connection(current())
    shown = {"refusal": refusal, "cure": words.tell(breaker.cure(refusal)) if refusal else ""}
    if request.headers.get("HX-Request"):
        return render(request, "console/_channel_test.html", shown)
    if refusal:
        messages.error(request, f"{refusal.detail} {shown['cure']}")
    else:
        messages.success(request, gettext("The server lets us in."))
    return redirect("channels")


@require_POST
def reset(request: HttpRequest) -> HttpResponse:
    """Let messages go again at once."""
    if channels.reset(channels.EMAIL):
        messages.success(request, gettext("Messages go again."))
    return redirect("channels")


def _context(ws: Workspace) -> dict[str, Any]:
    found = channel_health.health(ws)
    busy = [hour for hour in found.hours if any(getattr(hour, name) for name in channel_health.OUTCOMES)]
    pace = found.pace
    return {
        "health": found,
        "shut": found.breaker.state != BreakerState.CLOSED,
        "headline": _headline(found),
        "busy": [(hour, formats.clock(hour.at, ws.timezone)) for hour in busy],
        "chart": _chart(found.hours, ws) if busy else None,
        "worst": max(busy, key=lambda hour: hour.failed + hour.unknown + hour.bounced, default=None),
        "minute_share": pace.minute / pace.per_minute if pace.per_minute else None,
        "today_share": pace.today / pace.allowed_today if pace.allowed_today else None,
    }


def _headline(found: ChannelHealth) -> str:
    if not found.server:
        return gettext("No mail server is set up, so nothing goes out.")
    if found.breaker.state == BreakerState.OPEN:
        return gettext("Nothing goes out: the mail server does not take messages.")
    if found.breaker.state == BreakerState.HALF_OPEN:
        return gettext("A few messages try whether the mail server works again.")
    return gettext("Messages go out.")


def _chart(hours: list[Hour], ws: Workspace) -> dict[str, Any]:
    names = (
        ("accepted", gettext("Delivered"), "c1"),
        ("bounced", pgettext("outcome", "Came back"), "c3"),
        ("failed", gettext("Failed"), "c2"),
        ("unknown", gettext("Unknown"), "c5"),
    )
    return {
        "labels": [formats.clock(hour.at, ws.timezone) for hour in hours],
        "series": [
            {"name": label, "values": [getattr(hour, name) for hour in hours], "colour": colour}
            for name, label, colour in names
        ],
    }


urlpatterns = [
    path("settings/channels", page, name="channels"),
    path("settings/channels/test", test, name="channel_test"),
    path("settings/channels/reset", reset, name="channel_reset"),
]
