"""a moment + send windows → when the next of them opens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from zhiyin.domain.send_window import SendWindow


def opens(moment: datetime, zone: ZoneInfo, windows: Sequence[SendWindow]) -> datetime | None:
    """When the next window opens; None where one is open, or there are none.

    Times are of the zone's clock. One that a change of clocks leaves out is the moment that follows it.

    >>> from datetime import time
    >>> office = [SendWindow(frozenset(range(5)), time(9), time(18))]
    >>> opens(datetime(2026, 3, 6, 12, tzinfo=UTC), ZoneInfo("Asia/Shanghai"), office)  # Friday, 20:00
    datetime.datetime(2026, 3, 9, 1, 0, tzinfo=datetime.timezone.utc)
    """
    if not windows:
        return None
    local = moment.astimezone(zone)
    clock = local.time()
    if any(
        local.weekday() in one.days and one.start <= clock and (one.end is None or clock < one.end)
        for one in windows
    ):
        return None
    found = []
    for ahead in range(9):  # a week, and a day more where its only window is left out by the clock
        day = local.date() + timedelta(days=ahead)
        starts = [datetime.combine(day, one.start, zone) for one in windows if day.weekday() in one.days]
        again = [start.replace(fold=1) for start in starts]  # what occurs twice opens twice
        twice = [
            late
            for early, late in zip(starts, again, strict=True)
            if late.astimezone(UTC) > early.astimezone(UTC)
        ]
        found += [at for start in [*starts, *twice] if (at := start.astimezone(UTC)) > moment]
        if found:
            break
    return min(found)
