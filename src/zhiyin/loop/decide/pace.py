"""due messages + what left before → who goes now, and until when the others wait.

Rates are kept over short windows rather than by the minute, so that a provider sees a stream and not a burst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from zhiyin.domain.pace import Pace, QuietHours, WarmUp
from zhiyin.domain.provider import domains_at
from zhiyin.domain.reasons import WaitReason
from zhiyin.loop.decide import send_window

SHORTEST = 10.0  # seconds of a window


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is due: the recipient's domain and time zone."""

    domain: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a message does not go yet, and until when."""

    reason: WaitReason
    until: datetime


@dataclass(frozen=True, slots=True)
class Left:
    """What left before: messages of the shop's day, and those of the last minute as ``(moment, domain)``."""

    today: int = 0
    lately: Sequence[tuple[datetime, str]] = field(default_factory=tuple)


def waits(due: Sequence[Due], left: Left, pace: Pace, now: datetime, shop: ZoneInfo) -> list[Wait | None]:
    """For each due message, in order, None if it goes now, else why it waits and until when.

    No window ever holds more than its share; who waits for a rate is spread over the windows to come.
    """
    room = None if pace.warm_up is None else allowance(pace.warm_up, now.astimezone(shop)) - left.today
    rates: dict[str, list[_Rate]] = {}
    for name, rate in pace.domains.items():
        shared = _Rate(rate, left.lately, now, domains_at(name))
        for domain in domains_at(name):
            rates.setdefault(domain, []).append(shared)
    every = _Rate(pace.per_minute, left.lately, now) if pace.per_minute else None
    tomorrow = now + timedelta(days=1)
    found: list[Wait | None] = []
    going = 0
    for one in due:
        quiet = quiet_until(now, one.zone, pace.quiet) if pace.quiet else None
        if quiet is not None:
            found.append(Wait(WaitReason.QUIET_HOURS, quiet))
            continue
        closed = send_window.opens(now, one.zone, pace.windows)
        if closed is not None:
            found.append(Wait(WaitReason.SEND_WINDOW, closed))
            continue
        if room is not None and going >= room:
            found.append(Wait(WaitReason.WARM_UP, tomorrow))
            continue
        limits = [*rates.get(one.domain, ()), *((every,) if every else ())]
        if all(limit.free for limit in limits):
            for limit in limits:
                limit.take()
            going += 1
            found.append(None)
        else:
            # behind those that wait for the same; a free place in the other rate stays free
            until = max(limit.next() for limit in limits if not limit.free)
            found.append(Wait(WaitReason.THROTTLED, until))
    return found


def allowance(plan: WarmUp, today: datetime) -> int:
    """How many messages the plan allows on this day.

    >>> from datetime import UTC, date
    >>> allowance(WarmUp(date(2026, 3, 1)), datetime(2026, 3, 4, tzinfo=UTC))
    400
    """
    day = (today.date() - plan.start).days
    if day < 0:
        return plan.first
    return round(min(plan.first * plan.growth ** min(day, 60), 1e12))


def quiet_until(moment: datetime, zone: ZoneInfo, quiet: QuietHours) -> datetime | None:
    """When the quiet hours end in which a moment lies, None where it lies in none.

    Times are of the zone's clock: of an hour that occurs twice both are meant, and an end that does not occur in
    a night of changing clocks is the moment that follows it.

    >>> from datetime import UTC, time
    >>> night = QuietHours(time(21), time(8))
    >>> quiet_until(datetime(2026, 3, 1, 15, tzinfo=UTC), ZoneInfo("Asia/Shanghai"), night)
    datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
    """
    local = moment.astimezone(zone)
    clock = local.time()
    over_midnight = quiet.start > quiet.end
    if over_midnight:
        inside = clock >= quiet.start or clock < quiet.end
    else:
        inside = quiet.start <= clock < quiet.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1) if over_midnight and clock >= quiet.start else local.date()
    end = datetime.combine(day, quiet.end, zone)
    utc = moment.tzinfo
    assert utc is not None
    until = end.astimezone(utc)
    # where the clock is set back the end occurs twice, and we may stand between the two
    return until if until > moment else end.replace(fold=1).astimezone(utc)


@lru_cache(maxsize=64)
def window(rate: int) -> tuple[int, timedelta]:
    """How many messages may leave in which time, so that it is ``rate`` a minute.

    >>> window(60), window(2)
    ((10, datetime.timedelta(seconds=10)), (1, datetime.timedelta(seconds=30)))
    """
    seconds = max(SHORTEST, 60.0 / rate)
    return max(1, int(rate * seconds / 60)), timedelta(seconds=seconds)


class _Rate:
    """The places of one rate: those of the window that ends now, and of the windows after it."""

    def __init__(
        self,
        rate: int,
        lately: Sequence[tuple[datetime, str]],
        now: datetime,
        domains: frozenset[str] | None = None,
    ) -> None:
        self._size, self._window = window(rate)
        self._now = now
        self._left = self._size - sum(
            now - at < self._window and (domains is None or whose in domains) for at, whose in lately
        )
        self._waiting = 0

    @property
    def free(self) -> bool:
        """Whether one more may go."""
        return self._left > 0

    def take(self) -> None:
        """One goes."""
        self._left -= 1

    def next(self) -> datetime:
        """When the next of those that wait may go."""
        self._waiting += 1
        return self._now + self._window * (1 + (self._waiting - 1) // self._size)
