"""orders and actions → rhythm: how long between orders, how regular, when the next is due, at which hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw

from zhiyin.domain.feature import RHYTHM_DAYS
from zhiyin.loop.profile.features.spending import NOT_SEEN
from zhiyin.loop.profile.features.whole import percent, plain, share
from zhiyin.loop.profile.gap import own_gap

FEWEST = 3  # gaps from which on their scatter says anything
_NIGHT = 6  # it is over at this hour


def regularity(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The frame of ``spending`` with ``gap_hours_mean`` and ``regularity``.

    With mean μ and deviation σ of the gaps between orders, burstiness is (σ − μ) / (σ + μ) (Goh and Barabási,
    EPL 81, 48002, 2008): −1 for a clock, 0 for chance, towards 1 for bursts. Regularity is the same with its sign
    turned, to three decimal places; missing below four orders, and where all orders are of one hour.
    """
    gaps, total, squares = nw.col("gaps"), nw.col("gap_hours"), nw.col("gap_squares")
    # σ / μ is the root of n Σg² − (Σg)² by Σg: whole numbers up to here, so that engines agree
    root = (gaps * squares - total * total).cast(nw.Float64).sqrt()
    whole = total.cast(nw.Float64)
    thousandths = ((whole - root) / (whole + root) * 1000.0 + 0.5).floor()
    return frame.with_columns(
        gap_hours_mean=nw.when(gaps > 0).then(share(total * 2 + gaps, gaps * 2)),
        regularity=nw.when((gaps >= FEWEST) & (total > 0)).then(thousandths.cast(nw.Float64) / 1000.0),
    )


def due(frame: nw.LazyFrame[Any], gap_days: int) -> nw.LazyFrame[Any]:
    """The frame with ``personal_gap_days``, as ``own_gap`` has it, and ``next_order_due``; ``gap_days`` are those of
    the whole shop. Missing for who never ordered."""
    own = own_gap(nw.lit(gap_days), nw.col("gaps"), nw.col("gap_hours"))
    return frame.with_columns(personal_gap_days=nw.when(nw.col("orders") > 0).then(own)).with_columns(
        next_order_due=nw.col("personal_gap_days") - nw.col("recency_days")
    )


def hours(events: nw.LazyFrame[Any], as_of: datetime, zone: ZoneInfo) -> nw.LazyFrame[Any]:
    """``best_hour``, ``best_weekday``, ``night_share`` and ``weekend_share`` of what each customer did in a year, by the
    shop's clocks."""
    now = plain(as_of)
    start = now - timedelta(days=RHYTHM_DAYS)
    counted = (
        events.filter(
            ~nw.col("customer_id").is_null(),
            nw.col("timestamp") > start,
            nw.col("timestamp") <= now,
            nw.col("month") >= f"{start:%Y-%m}",
            *(nw.col("event") != name for name in NOT_SEEN),
        )
        # Sunday is 7 to one engine and 0 to another
        .select("customer_id", hour=_hour(start, now, zone), weekday=nw.col("local_date").dt.weekday() % 7)
        # one group a customer and many counts cost less than a group for each hour of each
        .select(
            "customer_id",
            *(nw.when(nw.col("hour") == hour).then(nw.lit(1)).alias(f"at_{hour}") for hour in range(24)),
            *(
                nw.when(nw.col("weekday") == day % 7).then(nw.lit(1)).alias(f"on_{day}")
                for day in range(1, 8)
            ),
        )
        .group_by("customer_id")
        .agg(
            *(nw.col(f"at_{hour}").count() for hour in range(24)),
            *(nw.col(f"on_{day}").count() for day in range(1, 8)),
        )
        .with_columns(nw.col(f"at_{hour}").cast(nw.Int64) for hour in range(24))
        .with_columns(nw.col(f"on_{day}").cast(nw.Int64) for day in range(1, 8))
    )
    # the most, and of several the smallest, in one number: count · size + (size − place)
    found = counted.with_columns(
        hours=nw.max_horizontal(*(nw.col(f"at_{hour}") * 24 + (23 - hour) for hour in range(24))),
        days=nw.max_horizontal(*(nw.col(f"on_{day}") * 7 + (7 - day) for day in range(1, 8))),
        night=_sum(f"at_{hour}" for hour in range(_NIGHT)),
        weekend=_sum(("on_6", "on_7")),
        n=_sum(f"on_{day}" for day in range(1, 8)),
    )
    return found.select(
        "customer_id",
        best_hour=nw.lit(23) - (nw.col("hours") - share(nw.col("hours"), 24) * 24),
        best_weekday=nw.lit(7) - (nw.col("days") - share(nw.col("days"), 7) * 7),
        night_share=percent(nw.col("night"), nw.col("n")),
        weekend_share=percent(nw.col("weekend"), nw.col("n")),
    )


def _sum(names: Iterable[str]) -> nw.Expr:
    return reduce(add, map(nw.col, names))


def _hour(start: datetime, now: datetime, zone: ZoneInfo) -> nw.Expr:
    """The hour by the zone's clocks: what they add to UTC changes a few times a year at most."""
    (_, added), *later = found = offsets(start, now, zone)
    at = nw.col("timestamp").dt
    whole = all(ahead % 60 == 0 for _, ahead in found)
    unit = 60 if whole else 1
    ahead: nw.Expr = nw.lit((added // unit) % (1440 // unit))
    for since, changed in later:
        ahead = (
            nw.when(nw.col("timestamp") >= since)
            .then(nw.lit((changed // unit) % (1440 // unit)))
            .otherwise(ahead)
        )
    if whole:
        return (at.hour().cast(nw.Int64) + ahead) % 24
    return share(at.hour().cast(nw.Int64) * 60 + at.minute().cast(nw.Int64) + ahead, 60) % 24


def offsets(start: datetime, now: datetime, zone: ZoneInfo) -> list[tuple[datetime, int]]:
    """From which plain UTC moment on the zone's clocks are how many minutes ahead; the first from ``start`` on.

    Clocks change on quarters of an hour, and never twice a day.

    >>> offsets(datetime(2026, 1, 1), datetime(2026, 6, 1), ZoneInfo("Europe/Berlin"))
    [(datetime.datetime(2026, 1, 1, 0, 0), 60), (datetime.datetime(2026, 3, 29, 1, 0), 120)]
    """
    quarter, day = timedelta(minutes=15), timedelta(days=1)
    found = [(start, _ahead(start, zone))]
    at = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)
    while at < now:
        if _ahead(at + day, zone) == found[-1][1]:
            at += day
            continue
        at += quarter
        if _ahead(at, zone) != found[-1][1]:
            found.append((at, _ahead(at, zone)))
    return [one for one in found if one[0] <= now]


def _ahead(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(minutes=1)
