"""Sizes: how many were in a segment, week by week, as it was counted then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from zhiyin.adapters.records.models import Segment, SegmentSize
from zhiyin.services.workspace import Workspace

WEEKS = 12


@dataclass(frozen=True, slots=True)
class Size:
    """The last count of a week, and the shop's day on which it was made."""

    day: date
    count: int


def note(ws: Workspace, segment: Segment, count: int) -> None:
    """Keep today's count of a segment; the last one of a day stands."""
    SegmentSize.objects.update_or_create(
        segment=segment, day=ws.today().date(), defaults={"version": segment.version, "count": count}
    )


def weekly(ws: Workspace, segment: Segment, weeks: int = WEEKS) -> list[Size]:
    """The last count of each of the last weeks, oldest first; weeks without a count are left out.

    Counts under another rule are another thing, so that only those of the present version are given.
    """
    today = ws.today().date()
    monday = today - timedelta(days=today.weekday())
    since = monday - timedelta(weeks=weeks - 1)
    rows = SegmentSize.objects.filter(segment=segment, version=segment.version, day__gte=since)
    last = {row.day.isocalendar()[:2]: Size(row.day, row.count) for row in rows.order_by("day")}
    return list(last.values())
