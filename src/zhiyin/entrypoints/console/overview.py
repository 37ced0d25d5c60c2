"""The overview: the answer first, then figures, what needs somebody, and where customers are."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext

from zhiyin.domain import money
from zhiyin.entrypoints.console import drawing, formats, standing
from zhiyin.entrypoints.site import current
from zhiyin.services import overview


def page(request: HttpRequest) -> HttpResponse:
    """The first page after signing in."""
    ws = current()
    shown = overview.get(ws)
    recent = shown.effects[:6]
    return render(
        request,
        "console/overview.html",
        {
            "overview": shown,
            "hour": ws.today().hour,
            "zone": ws.settings.shop.timezone,
            "recent": recent,
            "lifts": drawing.domain(_bounds(effect.lift for effect in recent)),
            "added_domain": drawing.domain(_bounds([shown.added])),
            "stages": standing.bars(shown.totals["lifecycle"]),
            "heat": standing.heat(shown.totals["heat"]),
        },
    )


def weekly(request: HttpRequest) -> HttpResponse:
    """Revenue by week: a chart and its table, loaded after the page."""
    ws = current()
    weeks = overview.weekly(ws)
    language = request.LANGUAGE_CODE
    labels = [formats.date_label(week.start, language) for week in weeks]
    currency = ws.settings.shop.currency
    return render(
        request,
        "console/overview_weekly.html",
        {
            "rows": list(zip(labels, weeks, strict=True)),
            "any": any(week.orders or week.revenue for week in weeks),
            "best": max(zip(labels, weeks, strict=True), key=lambda pair: pair[1].revenue, default=None),
            "chart": {
                "labels": labels,
                "values": [week.revenue for week in weeks],
                "name": gettext("Revenue"),
                "prefix": money.SYMBOLS.get(currency, f"{currency} "),
                "exponent": money.exponent(currency),
            },
        },
    )


def _bounds(estimates: Any) -> list[float | None]:
    known = [estimate for estimate in estimates if estimate is not None]
    return [bound for estimate in known for bound in (estimate.low, estimate.value, estimate.high)]


urlpatterns = [path("", page, name="overview"), path("overview/weekly", weekly, name="overview_weekly")]
