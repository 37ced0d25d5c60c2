"""Days of reports as columns: every day of a short stretch, every month of a long one, with the table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language

from zhiyin.entrypoints.console import formats
from zhiyin.services.mail_report_sums import Day, Summary

MOST_DAYS = 120  # columns that can be told apart; above that, months
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Columns:
    """What the chart draws, and the rows of its table: label, passed, failed."""

    chart: dict[str, Any]
    rows: list[tuple[str, int, int]]
    worst: tuple[str, int, int] | None
    monthly: bool


def columns(days: Sequence[Day], passed: str, failed: str) -> Columns | None:
    """The columns of days in order, None without any. The reports' days are in UTC."""
    if not days:
        return None
    monthly = (days[-1].day - days[0].day).days >= MOST_DAYS
    sums: dict[date, list[int]] = {start: [0, 0] for start in _starts(days[0].day, days[-1].day, monthly)}
    for one in days:
        of = sums[one.day.replace(day=1) if monthly else one.day]
        of[0], of[1] = of[0] + one.passed, of[1] + one.failed
    rows = [(_label(start, monthly), good, bad) for start, (good, bad) in sums.items()]
    chart = {
        "labels": [label for label, _good, _bad in rows],
        "series": [
            {"name": passed, "values": [good for _label, good, _bad in rows], "colour": "c1"},
            {"name": failed, "values": [bad for _label, _good, bad in rows], "colour": "c2"},
        ],
    }
    told = [row for row in rows if row[1] or row[2]]
    worst = max(told, key=lambda row: row[2], default=None)
    return Columns(chart, told, worst if worst and worst[2] else None, monthly)


def stretch(found: Summary) -> tuple[str, str] | None:
    """The first and the last day of the reports, as the reader writes them."""
    if found.first is None or found.last is None:
        return None
    return day(found.first), day(found.last)


def _starts(first: date, last: date, monthly: bool) -> list[date]:
    if not monthly:
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]
    months = (last.year - first.year) * 12 + last.month - first.month
    return [
        date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1)
        for n in range(months + 1)
    ]


def _label(start: date, monthly: bool) -> str:
    language = get_language() or "en"
    return date_format(start, "YEAR_MONTH_FORMAT") if monthly else formats.date_label(start, language)


def day(of: date) -> str:
    """A day in UTC as the reader writes it: 12 Mar 2026."""
    return formats.day(datetime(of.year, of.month, of.day, tzinfo=UTC), _UTC, get_language() or "en")
