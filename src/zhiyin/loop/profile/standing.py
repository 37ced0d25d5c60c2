"""A customer's standing, moved on by single events, so that a page is right before the next full profile.

What takes all customers to know, the RFM quintiles and the shop's usual gap, stays as the last profile found it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, Event
from zhiyin.domain.lifecycle import Lifecycle
from zhiyin.loop.profile.lifecycle import DEFAULT_GAP_DAYS
from zhiyin.loop.profile.traits import NOT_SEEN

_OUR_DOING = frozenset(NOT_SEEN)
_DAY = 86_400


@dataclass(slots=True)
class Standing:
    """What is known of a customer by counting: times aware, revenue in minor units.

    ``stage`` is the lifecycle stage; ``silence`` the seconds between the last two orders, None if not known.
    """

    first_seen: datetime | None = None
    last_seen: datetime | None = None
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
    orders: int = 0
    revenue: int = 0
    stage: str = ""
    silence: float | None = None

    @property
    def average_order_value(self) -> int | None:
        """Revenue by orders, rounded down."""
        return self.revenue // self.orders if self.orders > 0 else None


def moved(standings: Mapping[str, Standing], events: Iterable[Event]) -> dict[str, Standing]:
    """The standings after these events, of the customers whom they name; the given ones stay as they are.

    Taking the events in any order and in any portions gives the same counts, sums and times; a customer all of
    whose orders were cancelled has no order times until the next order.
    """
    after: dict[str, Standing] = {}
    for event in events:
        who = event.customer_id
        if who is None or event.name in _OUR_DOING:
            continue
        standing = after.get(who)
        if standing is None:
            known = standings.get(who)
            standing = after[who] = Standing() if known is None else _copy(known)
        at = event.timestamp
        if standing.first_seen is None or at < standing.first_seen:
            standing.first_seen = at
        if standing.last_seen is None or at > standing.last_seen:
            standing.last_seen = at
        if event.name == ORDER_COMPLETED:
            _order(standing, at)
            standing.revenue += event.amount or 0
        elif event.name in (ORDER_REFUNDED, ORDER_CANCELLED):
            standing.revenue -= event.amount or 0
            standing.orders -= event.name == ORDER_CANCELLED
    for standing in after.values():
        if standing.orders <= 0:
            standing.orders, standing.first_order_at, standing.last_order_at = 0, None, None
    return after


def stage(standing: Standing, now: datetime, gap_days: int | None) -> str:
    """The lifecycle stage, by the rules of ``loop/profile/lifecycle``; ``gap_days`` as last measured."""
    first, last = standing.first_order_at, standing.last_order_at
    if standing.orders <= 0 or first is None or last is None:
        return Lifecycle.LEAD.value
    gap = gap_days or DEFAULT_GAP_DAYS
    age, recency = _days(now, first), _days(now, last)
    recent = recency * 2 <= gap * 3
    if age <= gap:
        return Lifecycle.NEW.value
    if recent:
        # where the order before the last is not known, who was won back before still is
        silent = (
            standing.stage == Lifecycle.WON_BACK if standing.silence is None else _won(standing.silence, gap)
        )
        return (Lifecycle.WON_BACK if silent else Lifecycle.ACTIVE).value
    return (Lifecycle.AT_RISK if recency <= gap * 3 else Lifecycle.LAPSED).value


def _order(standing: Standing, at: datetime) -> None:
    standing.orders += 1
    first, last = standing.first_order_at, standing.last_order_at
    if first is None or at < first:
        standing.first_order_at = at
    if last is None or at >= last:
        standing.silence = None if last is None else (at - last).total_seconds()
        standing.last_order_at = at
    elif standing.silence is not None:
        standing.silence = min(standing.silence, (last - at).total_seconds())


def _won(silence: float, gap: int) -> bool:
    return int(silence // _DAY) > gap * 3


def _days(now: datetime, then: datetime) -> int:
    return int((now - then).total_seconds() // _DAY)


def _copy(standing: Standing) -> Standing:
    return Standing(
        standing.first_seen, standing.last_seen, standing.first_order_at, standing.last_order_at,
        standing.orders, standing.revenue, standing.stage, standing.silence,
    )  # fmt: skip
