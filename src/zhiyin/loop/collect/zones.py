"""Local times ↔ UTC for whole columns, by the transitions of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = 365 * 131  # to the year 2100
SECOND = 1_000_000  # microseconds

Micros = npt.NDArray[np.int64]


def to_utc(local: Micros, zone: ZoneInfo) -> Micros:
    """UTC of wall times, both in microseconds since 1970. Of an hour that occurs twice the first is meant."""
    starts, offsets = _transitions(zone)
    walls = starts + np.maximum(offsets, np.concatenate([offsets[:1], offsets[:-1]]))
    index = np.searchsorted(walls * SECOND, local, side="right") - 1
    return local - offsets[np.maximum(index, 0)] * SECOND


def to_local(utc: Micros, zone: ZoneInfo) -> Micros:
    """Wall times of UTC times, both in microseconds since 1970."""
    starts, offsets = _transitions(zone)
    index = np.searchsorted(starts * SECOND, utc, side="right") - 1
    return utc + offsets[np.maximum(index, 0)] * SECOND


@lru_cache(maxsize=8)
def _transitions(zone: ZoneInfo) -> tuple[Micros, Micros]:
    """Seconds since 1970 from which an offset holds, and the offsets in seconds."""
    starts, offsets = [0], [_offset(zone, 0)]
    for day in range(1, _DAYS + 1):
        if _offset(zone, day * 86_400) != offsets[-1]:
            low, high = (day - 1) * 86_400, day * 86_400
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == offsets[-1] else (low, middle)
            starts.append(high)
            offsets.append(_offset(zone, high))
    return np.array(starts, np.int64), np.array(offsets, np.int64)


def _offset(zone: ZoneInfo, seconds: int) -> int:
    found = zone.utcoffset((_EPOCH + timedelta(seconds=seconds)).astimezone(zone))
    return int(found.total_seconds()) if found is not None else 0
