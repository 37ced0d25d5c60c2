"""Send windows: the hours of the week in which messages may leave, on the recipient's clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.text import say

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBER = {
    **{name: number for number, name in enumerate(_DAYS)},
    **{f"{week}{day}": number for week in ("周", "星期") for number, day in enumerate("一二三四五六日")},
    "周天": 6,
    "星期天": 6,
}
_PART = re.compile(
    r"\s*(?:(?P<first>[^\W\d]+?)(?:\s*[-–至到]\s*(?P<last>[^\W\d]+))?\s+)?"
    r"(?P<start>\d{1,2}:\d{2})\s*[-–至到]\s*(?P<end>\d{1,2}:\d{2})\s*"
)


@dataclass(frozen=True, slots=True)
class SendWindow:
    """Hours of some days of the week, 0 for Monday, from ``start`` to before ``end``; None is midnight after."""

    days: frozenset[int]
    start: time
    end: time | None = None


def windows_of(text: str) -> tuple[SendWindow, ...]:
    """Windows from text, none if it is empty. Raises ``BadSetting`` where it is none.

    Without days it is every day. Days may go over the weekend, hours not over midnight.

    >>> windows_of("Mon-Fri 9:00-18:00")[0].end, len(windows_of("周一至周五 09:00-18:00, 周六 10:00-24:00"))
    (datetime.time(18, 0), 2)
    """
    return tuple(_window(part) for part in re.split(r"[,;，；、\n]", text) if part.strip())


def _window(part: str) -> SendWindow:
    match = _PART.fullmatch(part.lower())
    try:
        if match is None:
            raise ValueError
        days = _days(match["first"], match["last"])
        start = time.fromisoformat(match["start"].zfill(5))
        end = None if match["end"] == "24:00" else time.fromisoformat(match["end"].zfill(5))
        if end is not None and end <= start:
            raise ValueError
    except (KeyError, ValueError) as error:
        raise BadSetting(
            say("pace.windows holds {part!r}.", part=part.strip()),
            fix=say(
                "Write days and hours: Mon-Fri 09:00-18:00, Sat 10:00-14:00. A window ends on its own day."
            ),
        ) from error
    return SendWindow(days, start, end)


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    start = _NUMBER[_short(first)]
    end = start if last is None else _NUMBER[_short(last)]
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1))


def _short(day: str) -> str:
    """``Monday`` is ``mon``."""
    return day[:3] if day.isascii() and len(day) > 3 and day.endswith("day") else day
