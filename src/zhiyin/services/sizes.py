"""Sizes: how many were in a segment, hour by hour of the last week, day by day before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count

from zhiyin.adapters.records.models import Membership, Segment, SegmentSize, Transition
from zhiyin.services.workspace import Workspace

_HOURS = timedelta(days=7)  # how long there is one for each hour


@dataclass(frozen=True, slots=True)
class Point:
    """How many were in a segment at the end of an hour or, longer ago, of a day."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Flow:
    """How many came and went on one of the shop's days."""

    day: date
    entered: int
    left: int


def note(ws: Workspace, segment: Segment, count: int | None = None) -> None:
    """Keep a segment's count, that of its row if none is given; the last one of an hour stands."""
    known = segment.count if count is None else count
    if known is None:
        return
    SegmentSize.objects.update_or_create(
        segment=segment, at=_hour(ws.now()), defaults={"version": segment.version, "count": known}
    )


def hourly(ws: Workspace) -> int:
    """Once an hour, note the sizes of the live segments from their members; returns how many were noted."""
    now = ws.now()
    hour = _hour(now)
    noted = set(SegmentSize.objects.filter(at=hour).values_list("segment_id", flat=True))
    rows = [
        row
        for row in Segment.objects.filter(live=True, archived=False).exclude(settled_rule="")
        if row.pk not in noted
    ]
    if not rows:
        return 0
    counted = dict(
        Membership.objects.order_by()
        .filter(segment_id__in=[row.pk for row in rows])
        .values_list("segment_id")
        .annotate(n=Count("customer_id"))
    )
    for row in rows:
        row.count, row.counted_at = counted.get(row.pk, 0), now
        row.save(update_fields=["count", "counted_at"])
        note(ws, row)
    return len(rows)


def series(ws: Workspace, segment: Segment, since: date | None = None) -> list[Point]:
    """The sizes under the present version, oldest first, from a day of the shop on. Counts under another rule are
    another thing."""
    rows = SegmentSize.objects.filter(segment=segment, version=segment.version)
    if since is not None:
        rows = rows.filter(at__gte=_midnight(since, ws.timezone))
    return [Point(row.at, row.count) for row in rows.order_by("at")]


def flows(ws: Workspace, segment: Segment, since: date) -> list[Flow]:
    """Who came and went, for each of the shop's days from ``since`` to today."""
    found: dict[tuple[date, bool], int] = {}
    rows = Transition.objects.filter(segment=segment, at__gte=_midnight(since, ws.timezone))
    for at, entered in rows.values_list("at", "entered").iterator():
        key = (at.astimezone(ws.timezone).date(), entered)
        found[key] = found.get(key, 0) + 1
    today = ws.today().date()
    days = [since + timedelta(days=number) for number in range((today - since).days + 1)]
    return [Flow(day, found.get((day, True), 0), found.get((day, False), 0)) for day in days]


def thin(ws: Workspace) -> None:
    """Of what is older than a week, keep the last of each of the shop's days."""
    old = SegmentSize.objects.filter(at__lt=ws.now() - _HOURS).order_by("at")
    kept: dict[tuple[int, date], int] = {}
    gone: list[int] = []
    for number, segment, at in old.values_list("pk", "segment_id", "at").iterator():
        key = (segment, at.astimezone(ws.timezone).date())
        if key in kept:
            gone.append(kept[key])
        kept[key] = number
    for start in range(0, len(gone), 1000):
        SegmentSize.objects.filter(pk__in=gone[start : start + 1000]).delete()


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
