"""orders → how often, and how deep, a customer buys at a discount."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import narwhals as nw

from zhiyin.domain.event import ORDER_COMPLETED
from zhiyin.domain.money import EXPONENTS, exponent
from zhiyin.loop.profile.comparison_python import NUMBER_IN_DATA
from zhiyin.loop.profile.features.whole import percent, plain

_MOST = 1e9  # major units taken off one order; beyond it is a mistake


def discounts(events: nw.LazyFrame[Any], as_of: datetime, currency: str) -> nw.LazyFrame[Any]:
    """``coupon_orders``, ``discount_share`` and ``discount_depth`` of who completed an order.

    An order has a discount where its property ``coupon`` is not empty or ``discount``, in major units of the
    order's currency, is above 0. ``currency`` is the shop's, for orders that name none. Needs the columns
    ``coupon`` and ``discount`` of ``COLUMNS``.
    """
    text = nw.col("discount")
    off = nw.when(text.str.contains(rf"\A{NUMBER_IN_DATA}\z")).then(text).cast(nw.Float64)
    marked = (
        events.filter(
            nw.col("event") == ORDER_COMPLETED,
            ~nw.col("customer_id").is_null(),
            nw.col("timestamp") <= plain(as_of),
        )
        .with_columns(off=off)
        .with_columns(off=nw.when((nw.col("off") > 0) & (nw.col("off") <= _MOST)).then(nw.col("off")))
        .with_columns(minor=(nw.col("off") * _minor_units(currency) + 0.5).floor().cast(nw.Int64))
        .with_columns(
            reduced=nw.when((nw.col("coupon") != "").fill_null(False) | ~nw.col("off").is_null())
            .then(nw.lit(1))
            .otherwise(nw.lit(0)),
            minor=nw.col("minor").fill_null(0),
            paid=nw.col("amount").fill_null(0),
        )
    )
    return (
        marked.group_by("customer_id")
        .agg(nw.len().alias("n"), *(nw.col(name).sum() for name in ("reduced", "minor", "paid")))
        .with_columns(nw.col(name).cast(nw.Int64) for name in ("n", "reduced", "minor", "paid"))
        .select(
            "customer_id",
            coupon_orders=nw.col("reduced"),
            discount_share=percent(nw.col("reduced"), nw.col("n")),
            discount_depth=percent(nw.col("minor"), nw.col("minor") + nw.col("paid")),
        )
    )


def _minor_units(currency: str) -> nw.Expr:
    """How many minor units a major one of the order's currency has."""
    named = nw.col("currency").fill_null(currency)
    factor: nw.Expr = nw.lit(100.0)
    for digits in sorted(set(EXPONENTS.values())):
        several = [name for name in EXPONENTS if exponent(name) == digits]
        factor = nw.when(named.is_in(several)).then(nw.lit(float(10**digits))).otherwise(factor)
    return factor
