"""Data health: the balance of the day, hour by hour, why things were rejected, and how each source stands."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext

from zhiyin.entrypoints.console import drawing, formats, jobs, live
from zhiyin.entrypoints.site import current
from zhiyin.services import health
from zhiyin.services.workspace import Workspace

REASONS = 5  # the most frequent stand on the page, the rest behind the link
ROWS = 6  # of the live stream


def page(request: HttpRequest) -> HttpResponse:
    """The last 24 hours."""
    ws = current()
    found = health.get(ws)
    any_data = bool(found.sources) or bool(found.door)
    return render(
        request,
        "console/data/health.html",
        {
            **shown(ws, found),
            "any": any_data,
            "job": jobs.shown(jobs.IMPORT),
            "keys": sum(1 for one in found.sources if one.source_id and one.state != "revoked"),
            **(live.shown(ws, {}, ROWS) if any_data else {}),
        },
    )


def shown(ws: Workspace, found: health.Health) -> dict[str, Any]:
    """What the parts of the page need: balance, hours as chart and table, reasons, and the door."""
    labels = [formats.clock(hour.at, ws.timezone) for hour in found.hours]
    reasons = list(found.reasons.items())
    shares = drawing.shares(count for _code, count in reasons)
    return {
        "health": found,
        "balance": found.balance,
        "zone": ws.settings.shop.timezone,
        "reasons": [(code, n, share / 100) for (code, n), share in zip(reasons, shares, strict=True)][
            :REASONS
        ],
        "more_reasons": max(0, len(reasons) - REASONS),
        "hours": list(zip(labels, found.hours, strict=True)),
        "busiest": max(zip(labels, found.hours, strict=True), key=lambda pair: pair[1].kept),
        "door": list(found.door.items()),
        "chart": {
            "labels": labels,
            "kept": [hour.kept for hour in found.hours],
            "before": [hour.before for hour in found.hours],
            "rejected": [hour.rejected for hour in found.hours],
            "names": {
                "kept": gettext("Kept"),
                "before": gettext("Same hours last week"),
                "rejected": gettext("Rejected"),
            },
        },
    }


urlpatterns = [path("data", page, name="data")]
