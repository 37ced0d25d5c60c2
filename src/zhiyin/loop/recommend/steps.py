"""events → steps: what known customers did with items, one row for each time. Pure and lazy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import narwhals as nw

from zhiyin.domain.event import (
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
)

COLUMNS = ("customer_id", "item_id", "kind", "at", "session_id", "order_id")
KINDS = {ORDER_COMPLETED: "bought", PRODUCT_ADDED: "added", PRODUCT_VIEWED: "viewed"}
_UNDO = (ORDER_CANCELLED, ORDER_REFUNDED)
WANTED = ("customer_id", "event", "order_id", "timestamp", "amount", "products")
_VISIT = "session_id"


def between(
    events: nw.LazyFrame[Any], since: datetime | None = None, until: datetime | None = None
) -> nw.LazyFrame[Any]:
    """The events from ``since`` on and strictly before ``until``, plain UTC times as the lake has them.

    Cut before asking for steps: a refund after the cut must not be known before it.
    """
    if since is not None:
        # the partition lets the engine skip whole files
        events = events.filter(nw.col("month") >= f"{since:%Y-%m}", nw.col("timestamp") >= since)
    if until is not None:
        events = events.filter(nw.col("month") <= f"{until:%Y-%m}", nw.col("timestamp") < until)
    return events


def relevant(events: nw.LazyFrame[Any], *more: str) -> nw.LazyFrame[Any]:
    """The events that say something about a known customer and items, with the columns of ``WANTED`` and ``more``."""
    return events.filter(nw.col("event").is_in([*KINDS, *_UNDO]), ~nw.col("customer_id").is_null()).select(
        *WANTED, *more
    )


def steps(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Rows of ``COLUMNS`` from events: lines of purchases that stood, additions to the basket, views.

    A purchase does not stand if its order was cancelled or refunded in full, if the item was given back in
    the same order, or if the customer gave back, under an unknown order, all they had bought of it. Events
    of nobody known are left out.
    """
    known = relevant(events, _VISIT)
    kept = _standing(known)
    looked = _lines(known.filter(nw.col("event").is_in([PRODUCT_ADDED, PRODUCT_VIEWED])))
    looked = looked.with_columns(
        kind=nw.when(nw.col("event") == PRODUCT_ADDED)
        .then(nw.lit(KINDS[PRODUCT_ADDED]))
        .otherwise(nw.lit(KINDS[PRODUCT_VIEWED]))
    )
    columns = ("customer_id", "item_id", "kind", "timestamp", _VISIT, "order_id")
    rows = nw.concat([kept.select(*columns), looked.select(*columns)])
    return rows.select("customer_id", "item_id", "kind", nw.col("timestamp").alias("at"), _VISIT, "order_id")


def _standing(known: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    orders = known.filter(nw.col("event") == ORDER_COMPLETED)
    undone = known.filter(nw.col("event").is_in(list(_UNDO)))
    bought = _lines(orders).with_columns(kind=nw.lit(KINDS[ORDER_COMPLETED]))

    given_back = _lines(undone)
    by_line = given_back.group_by("order_id", "item_id").agg(nw.col("quantity").sum().alias("back"))
    in_full = (
        undone.group_by("order_id")
        .agg(
            nw.col("amount").sum().alias("back_amount"),
            (nw.col("event") == ORDER_CANCELLED).max().alias("cancelled"),
        )
        .filter(~nw.col("order_id").is_null())
    )
    paid = orders.group_by("order_id").agg(nw.col("amount").sum().alias("paid"))
    void = (
        paid.join(in_full, on="order_id", how="inner")
        .filter(nw.col("cancelled") | ((nw.col("paid") > 0) & (nw.col("back_amount") >= nw.col("paid"))))
        .select("order_id")
    )
    stray = (
        given_back.join(orders.select("order_id").unique(), on="order_id", how="anti")
        .group_by("customer_id", "item_id")
        .agg(nw.col("quantity").sum().alias("stray"))
    )
    total = bought.group_by("customer_id", "item_id").agg(nw.col("quantity").sum().alias("total"))
    returned = (
        stray.join(total, on=["customer_id", "item_id"], how="inner")
        .filter(nw.col("stray") >= nw.col("total"))
        .select("customer_id", "item_id")
    )
    return (
        bought.join(void, on="order_id", how="anti")
        .join(by_line, on=["order_id", "item_id"], how="left")
        .filter(nw.col("back").is_null() | (nw.col("quantity") > nw.col("back")))
        .join(returned, on=["customer_id", "item_id"], how="anti")
    )


def _lines(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    products = nw.col("products")
    return (
        events.filter(products.list.len() > 0)
        .explode("products")
        .with_columns(
            item_id=products.struct.field("item_id"),
            # a line without a quantity is one piece
            quantity=products.struct.field("quantity").fill_null(1),
        )
        .drop("products", "amount")
        .filter(~nw.col("item_id").is_null())
    )
