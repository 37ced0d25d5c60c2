"""events → what each customer did and spent: seen, orders, revenue, returns, and the sums of the gaps between orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import narwhals as nw

from zhiyin.domain.event import (
    CONTACT_REVEALED,
    EMAIL_BOUNCED,
    EMAIL_DELIVERED,
    EMAIL_MARKED_AS_SPAM,
    EMAIL_OPENED,
    EMAIL_SENT,
    MESSAGE_CLICKED,
    MESSAGE_DECIDED,
    MESSAGE_OPENED,
    MESSAGE_REFUSED,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    SEGMENT_ENTERED,
    SEGMENT_EXITED,
)
from zhiyin.loop.profile.features.whole import DAY, HOUR, percent, plain, seconds, seconds_of, share

# What the shop did to a customer, opens, which mail programs do by themselves, and what is said again of hits that
# are events already: nobody was seen.
NOT_SEEN = (
    MESSAGE_DECIDED,
    MESSAGE_REFUSED,
    EMAIL_SENT,
    EMAIL_DELIVERED,
    EMAIL_BOUNCED,
    EMAIL_MARKED_AS_SPAM,
    EMAIL_OPENED,
    MESSAGE_OPENED,
    MESSAGE_CLICKED,
    CONTACT_REVEALED,
    SEGMENT_ENTERED,
    SEGMENT_EXITED,
)

# Columns that are 0 for who did nothing.
SUMS = ("orders", "revenue", "returns", "placed", "gaps", "gap_hours", "gap_squares")


def spending(events: nw.LazyFrame[Any], as_of: datetime) -> nw.LazyFrame[Any]:
    """What each customer did up to a moment: one row a customer who did anything.

    Columns: ``customer_id``, ``first_seen``, ``last_seen``, ``first_order_at``, ``last_order_at``, ``orders``
    (completed less cancelled), ``revenue`` (orders less refunds and cancellations, minor units),
    ``average_order_value`` (revenue by orders, rounded down), ``recency_days`` (whole days since the last
    order), ``tenure_days`` since first seen, ``returns`` and ``return_share`` (per cent of the money ordered); for
    ``lifecycle``: ``age_days`` since the first order, ``silence_days`` and ``silence_hours`` between the last two
    orders, ``gap_seconds`` between orders on average; for ``rhythm`` too: number, sum and sum of squares of the gaps between
    orders in whole hours, ``gaps``, ``gap_hours``, ``gap_squares``. A customer all of whose orders were cancelled
    has no order times and no gaps. Anonymous events and events after ``as_of`` do not count.

    Two scans: one sums everything; the gaps need the order of orders.
    """
    now = plain(as_of)
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
            ordered=nw.when(completed).then(nw.col("amount")),
            refunded=nw.when(nw.col("event") == ORDER_REFUNDED).then(nw.col("amount")),
            returned=nw.when(nw.col("event") == ORDER_REFUNDED).then(nw.lit(1)).otherwise(nw.lit(0)),
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
            ordered=nw.col("ordered").sum(),
            refunded=nw.col("refunded").sum(),
            returns=nw.col("returned").sum(),
        )
    )
    return _derived(summed.join(_gaps(known), on="customer_id", how="left"), now)


def _gaps(known: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The order before the last, and the gaps between orders; of orders at one moment the gap is none."""
    before = nw.col("timestamp").shift(1).over("customer_id", order_by="timestamp")
    hours = share(seconds("timestamp") - seconds("before"), HOUR)
    return (
        known.filter(nw.col("event") == ORDER_COMPLETED)
        .with_columns(before=before)
        .with_columns(gap=nw.when(~nw.col("before").is_null()).then(hours))
        .with_columns(square=nw.col("gap") * nw.col("gap"))
        .group_by("customer_id")
        .agg(
            previous_order_at=nw.col("before").max(),
            gaps=nw.col("gap").count(),
            gap_hours=nw.col("gap").sum(),
            gap_squares=nw.col("square").sum(),
        )
    )


def _derived(frame: nw.LazyFrame[Any], now: datetime) -> nw.LazyFrame[Any]:
    left = nw.col("placed") - nw.col("cancelled")
    sums = ("ordered", "refunded", "gaps", "gap_hours", "gap_squares")
    frame = frame.with_columns(
        orders=nw.when(left > 0).then(left).otherwise(nw.lit(0)).cast(nw.Int64),
        placed=nw.col("placed").cast(nw.Int64),
        revenue=nw.col("revenue").cast(nw.Int64).fill_null(0),
        returns=nw.col("returns").cast(nw.Int64),
    ).with_columns(*(nw.col(name).cast(nw.Int64).fill_null(0) for name in sums))
    buyer = nw.col("orders") > 0
    times = ("first_order_at", "last_order_at", "previous_order_at")
    frame = frame.with_columns(*(nw.when(buyer).then(nw.col(name)).alias(name) for name in times))
    gaps = ("gaps", "gap_hours", "gap_squares")
    frame = frame.with_columns(
        *(nw.when(buyer).then(nw.col(name)).otherwise(nw.lit(0)).alias(name) for name in gaps)
    )
    frame = frame.with_columns(*(seconds(name).alias(f"{name}_s") for name in (*times, "first_seen")))
    present = seconds_of(now)
    several = nw.col("placed") > 1
    first, last = nw.col("first_order_at_s"), nw.col("last_order_at_s")
    return frame.with_columns(
        average_order_value=nw.when(buyer).then(share(nw.col("revenue"), nw.col("orders"))),
        recency_days=share(nw.lit(present) - last, DAY),
        tenure_days=share(nw.lit(present) - nw.col("first_seen_s"), DAY),
        return_share=percent(nw.col("refunded"), nw.col("ordered")),
        age_days=share(nw.lit(present) - first, DAY),
        silence_days=share(last - nw.col("previous_order_at_s"), DAY),
        silence_hours=share(last - nw.col("previous_order_at_s"), HOUR),
        gap_seconds=nw.when(several).then(share(last - first, nw.col("placed") - 1)),
    ).select(
        "customer_id", "first_seen", "last_seen", "first_order_at", "last_order_at", "orders", "revenue",
        "average_order_value", "recency_days", "tenure_days", "returns", "return_share", "age_days",
        "silence_days", "silence_hours", "gap_seconds", "placed", *gaps,
    )  # fmt: skip
