"""Traits that follow from events: seen, orders, revenue, recency."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import narwhals as nw

from zhiyin.domain.event import (
    CONTACT_REVEALED,
    EMAIL_BOUNCED,
    EMAIL_DELIVERED,
    EMAIL_OPENED,
    EMAIL_SENT,
    MESSAGE_DECIDED,
    MESSAGE_REFUSED,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
)

# What the shop did to a customer, and opens, which mail programs do by themselves: nobody was seen.
NOT_SEEN = (
    MESSAGE_DECIDED,
    MESSAGE_REFUSED,
    EMAIL_SENT,
    EMAIL_DELIVERED,
    EMAIL_BOUNCED,
    EMAIL_OPENED,
    CONTACT_REVEALED,
)
_DAY = 86_400


def traits(events: nw.LazyFrame[Any], as_of: datetime) -> nw.LazyFrame[Any]:
    """What each customer did up to a moment: one row a customer who did anything.

    Columns: ``customer_id``, ``first_seen``, ``last_seen``, ``first_order_at``, ``last_order_at``, ``orders``
    (completed less cancelled), ``revenue`` (orders less refunds and cancellations, minor units),
    ``average_order_value`` (revenue by orders, rounded down), ``recency_days`` (whole days since the last
    order), and for ``lifecycle``: ``age_days`` since the first order, ``silence_days`` between the last two
    orders, ``gap_seconds`` between orders on average. A customer all of whose orders were cancelled has
    no order times. Anonymous events and events after ``as_of`` do not count.

    Two scans: one sums everything; the order before the last needs the order of orders.
    """
    now = _plain(as_of)
    # comparisons one by one reach the Parquet reader, where a list to look into would not
    known = events.filter(
        ~nw.col("customer_id").is_null(),
        nw.col("timestamp") <= now,
        *(nw.col("event") != name for name in NOT_SEEN),
    ).select("customer_id", "event", "timestamp", "amount")
    completed = nw.col("event") == ORDER_COMPLETED
    given_back = nw.col("event").is_in((ORDER_REFUNDED, ORDER_CANCELLED))
    summed = (
        known.with_columns(
            ordered_at=nw.when(completed).then(nw.col("timestamp")),
            placed=nw.when(completed).then(nw.lit(1)).otherwise(nw.lit(0)),
            cancelled=nw.when(nw.col("event") == ORDER_CANCELLED).then(nw.lit(1)).otherwise(nw.lit(0)),
            money=nw.when(completed)
            .then(nw.col("amount"))
            .otherwise(nw.when(given_back).then(nw.lit(0) - nw.col("amount"))),
        )
        .group_by("customer_id")
        .agg(
            first_seen=nw.col("timestamp").min(),
            last_seen=nw.col("timestamp").max(),
            first_order_at=nw.col("ordered_at").min(),
            last_order_at=nw.col("ordered_at").max(),
            placed=nw.col("placed").sum(),
            cancelled=nw.col("cancelled").sum(),
            revenue=nw.col("money").sum(),
        )
    )
    return _derived(summed.join(_order_before_last(known), on="customer_id", how="left"), now)


def _order_before_last(known: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    before = nw.col("timestamp").shift(1).over("customer_id", order_by="timestamp")
    return (
        known.filter(nw.col("event") == ORDER_COMPLETED)
        .with_columns(before=before)
        .group_by("customer_id")
        .agg(previous_order_at=nw.col("before").max())
    )


def _derived(frame: nw.LazyFrame[Any], now: datetime) -> nw.LazyFrame[Any]:
    left = nw.col("placed") - nw.col("cancelled")
    frame = frame.with_columns(
        orders=nw.when(left > 0).then(left).otherwise(nw.lit(0)).cast(nw.Int64),
        placed=nw.col("placed").cast(nw.Int64),
        revenue=nw.col("revenue").cast(nw.Int64).fill_null(0),
    )
    buyer = nw.col("orders") > 0
    times = ("first_order_at", "last_order_at", "previous_order_at")
    frame = frame.with_columns(*(nw.when(buyer).then(nw.col(name)).alias(name) for name in times))
    frame = frame.with_columns(*(_seconds(name).alias(f"{name}_s") for name in times))
    present = _seconds_of(now)
    several = nw.col("placed") > 1
    first, last = nw.col("first_order_at_s"), nw.col("last_order_at_s")
    return frame.with_columns(
        average_order_value=nw.when(buyer).then(_share(nw.col("revenue"), nw.col("orders"))),
        recency_days=_share(nw.lit(present) - last, _DAY),
        age_days=_share(nw.lit(present) - first, _DAY),
        silence_days=_share(last - nw.col("previous_order_at_s"), _DAY),
        gap_seconds=nw.when(several).then(_share(last - first, nw.col("placed") - 1)),
    ).select(
        "customer_id", "first_seen", "last_seen", "first_order_at", "last_order_at", "orders", "revenue",
        "average_order_value", "recency_days", "age_days", "silence_days", "gap_seconds",
    )  # fmt: skip


def _share(amount: nw.Expr, parts: nw.Expr | int) -> nw.Expr:
    """Whole division, rounded down; exact below 2^53, and simpler for an engine than its own."""
    return (amount / parts).floor().cast(nw.Int64)


def _seconds(name: str) -> nw.Expr:
    """Seconds since 1901 of a time, from calendar parts, since engines share no other way to count; every
    fourth year is a leap year until 2099."""
    at = nw.col(name).dt
    years = at.year().cast(nw.Int64) - 1901
    days = years * 365 + _share(years, 4) + at.ordinal_day().cast(nw.Int64) - 1
    return days * _DAY + at.hour().cast(nw.Int64) * 3600 + at.minute().cast(nw.Int64) * 60 + at.second()


def _seconds_of(now: datetime) -> int:
    return int((now.replace(microsecond=0) - datetime(1901, 1, 1)).total_seconds())  # noqa: DTZ001 - plain UTC


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
