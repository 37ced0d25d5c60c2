"""The course of a campaign's effect, day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, gettext

from zhiyin.entrypoints.console import campaign_effects as effects
from zhiyin.entrypoints.console import formats
from zhiyin.services.reports import CampaignReport


def course(report: CampaignReport) -> dict[str, Any] | None:
    """Extra orders day by day, for the chart and for its table."""
    days = [day for day in report.daily if day.added_orders.value is not None]
    if len(days) < 2:
        return None
    last = days[-1].added_orders
    rows = [
        {
            "label": _day(day.date),
            "value": formats.number(day.added_orders.value),
            "from_to": effects.from_to(day.added_orders, "count", report.currency),
        }
        for day in days
    ]
    return {
        "rows": rows,
        "finding": gettext("Extra orders by the last day: %(value)s (%(low)s to %(high)s)")
        % {
            "value": formats.number(last.value),
            "low": formats.number(last.low),
            "high": formats.number(last.high),
        },
        "data": {
            "labels": [row["label"] for row in rows],
            "values": [day.added_orders.value for day in days],
            "low": [day.added_orders.low for day in days],
            "high": [day.added_orders.high for day in days],
            "name": gettext("Estimate"),
            "band": gettext("95% interval"),
        },
    }


def _day(day: date) -> str:
    return formats.day(
        datetime.combine(day, time(), UTC), ZoneInfo("UTC"), get_language() or "en", year=False
    )
