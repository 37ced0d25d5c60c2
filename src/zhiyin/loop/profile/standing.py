"""A customer's standing, moved on by single events, so that a page is right before the next full profile.

What takes all customers to know, the RFM quintiles and the shop's usual gap, stays as the last profile found it;
so does a customer's own gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED
from zhiyin.domain.lifecycle import STAGE_RULES, Lifecycle, StageRules
from zhiyin.loop.profile.features.spending import NOT_SEEN
from zhiyin.loop.profile.lifecycle import DEFAULT_GAP_DAYS

_DAY = 86_400
_ORDERS = [ORDER_COMPLETED, ORDER_CANCELLED, ORDER_REFUNDED]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


def parted(events: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows of the lake's ``events`` that name customers, in two: of those some of whose orders they move, and when
    each of the others was seen (``customer_id``, ``first_seen``, ``last_seen``)."""
    named = _named(events)
    orders = pc.is_in(named["event"], pa.array(_ORDERS))
    buyers = pc.is_in(named["customer_id"], pc.unique(named["customer_id"].filter(orders)))
    seen = named.filter(pc.invert(buyers)).group_by("customer_id")
    seen = seen.aggregate([("timestamp", "min"), ("timestamp", "max")])
    return named.filter(buyers), seen.select(
        ["customer_id", "timestamp_min", "timestamp_max"]
    ).rename_columns(["customer_id", "first_seen", "last_seen"])


def moved(standings: Mapping[str, Standing], events: pa.Table) -> dict[str, Standing]:
    """The standings after these rows of the lake's ``events``, of the customers whom they name; the given ones
    stay as they are.

    Taking the events in any order and in any portions gives the same counts, sums and times; a customer all of
    whose orders were cancelled has no order times until the next order.
    """
    after: dict[str, Standing] = {}
    for who, begin, end, revenue, orders, ordered in _sums(events):
        known = standings.get(who)
        standing = after[who] = Standing() if known is None else _copy(known)
        first, last = _moment(begin), _moment(end)
        if standing.first_seen is None or first < standing.first_seen:
            standing.first_seen = first
        if standing.last_seen is None or last > standing.last_seen:
            standing.last_seen = last
        standing.revenue += revenue
        standing.orders += orders
        for at in map(_moment, sorted(ordered)):
            _order(standing, at)
        if standing.orders <= 0:
            standing.orders, standing.first_order_at, standing.last_order_at = 0, None, None
    return after


def _named(events: pa.Table) -> pa.Table:
    named = events.select(["customer_id", "event", "timestamp", "amount"])
    unseen = pc.is_in(named["event"], pa.array(list(NOT_SEEN)))
    return named.filter(pc.and_(pc.is_valid(named["customer_id"]), pc.invert(unseen)))


def _sums(events: pa.Table) -> Iterator[tuple[str, int, int, int, int, list[int]]]:
    """By customer: first and last moment, revenue, orders, and the moments of orders, in microseconds."""
    named = _named(events)
    name, amount = named["event"], pc.fill_null(named["amount"], 0)
    bought, cancelled = pc.equal(name, ORDER_COMPLETED), pc.equal(name, ORDER_CANCELLED)
    back = pc.or_(cancelled, pc.equal(name, ORDER_REFUNDED))
    rows = pa.table(
        {
            "who": named["customer_id"],
            "at": named["timestamp"].cast(pa.int64()),
            "revenue": pc.if_else(bought, amount, pc.if_else(back, pc.negate(amount), 0)),
            "orders": pc.subtract(bought.cast(pa.int64()), cancelled.cast(pa.int64())),
        }
    )
    buyers = rows.filter(bought).group_by("who").aggregate([("at", "list")])
    ordered = dict(zip(buyers["who"].to_pylist(), buyers["at_list"].to_pylist(), strict=True))
    sums = rows.group_by("who").aggregate(
        [("at", "min"), ("at", "max"), ("revenue", "sum"), ("orders", "sum")]
    )
    columns = (sums[name].to_pylist() for name in ("who", "at_min", "at_max", "revenue_sum", "orders_sum"))
    for who, first, last, revenue, orders in zip(*columns, strict=True):
        yield who, first, last, revenue, orders, ordered.get(who, [])


def stage(
    standing: Standing,
    now: datetime,
    gap_days: int | None,
    rules: StageRules = STAGE_RULES,
) -> str:
    """The lifecycle stage, by the rules of ``loop/profile/lifecycle``; ``gap_days`` as last measured, the customer's
    own where the rules are personal."""
    first, last = standing.first_order_at, standing.last_order_at
    if standing.orders <= 0 or first is None or last is None:
        return Lifecycle.LEAD.value
    gap = gap_days or DEFAULT_GAP_DAYS
    age, recency = _days(now, first), _days(now, last)
    recent = recency <= rules.days(rules.active, gap)
    if age <= rules.days(rules.new, gap):
        return Lifecycle.NEW.value
    if recent:
        # where the order before the last is not known, who was won back before still is
        lapse = rules.days(rules.lapsed, gap)
        silent = (
            standing.stage == Lifecycle.WON_BACK
            if standing.silence is None
            else standing.silence // _DAY > lapse
        )
        return (Lifecycle.WON_BACK if silent else Lifecycle.ACTIVE).value
    return (Lifecycle.AT_RISK if recency <= rules.days(rules.lapsed, gap) else Lifecycle.LAPSED).value


def _order(standing: Standing, at: datetime) -> None:
    first, last = standing.first_order_at, standing.last_order_at
    if first is None or at < first:
        standing.first_order_at = at
    if last is None or at >= last:
        standing.silence = None if last is None else (at - last).total_seconds()
        standing.last_order_at = at
    elif standing.silence is not None:
        standing.silence = min(standing.silence, (last - at).total_seconds())


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _days(now: datetime, then: datetime) -> int:
    return int((now - then).total_seconds() // _DAY)


def _copy(standing: Standing) -> Standing:
    return Standing(
        standing.first_seen, standing.last_seen, standing.first_order_at, standing.last_order_at,
        standing.orders, standing.revenue, standing.stage, standing.silence,
    )  # fmt: skip
