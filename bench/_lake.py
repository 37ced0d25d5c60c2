"""A lake of simulated events made with arrays: many millions in the exact schema, in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.adapters.lake.datasets import EVENTS, LINES
from zhiyin.domain.event import (
    EMAIL_DELIVERED,
    EMAIL_OPENED,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
    PRODUCTS_SEARCHED,
)

MONTHS = [(2025, 9), (2025, 10), (2025, 11), (2025, 12), (2026, 1), (2026, 2)]
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
CATEGORIES = np.array(["Tea", "Cups", "Pots", "Gifts", "Snacks", "Books", "Incense", "Linen"])
NAMES = (
    PRODUCT_VIEWED,
    PRODUCT_ADDED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    ORDER_CANCELLED,
    EMAIL_DELIVERED,
    EMAIL_OPENED,
)
CONTEXTS = np.array(
    [
        f'{{"device":{{"type":"{device}","os":"x","browser":"y"}},"page":{{"path":"/tea/{n}"}},"referrer":{{"medium":"{medium}"}}}}'
        for n, (device, medium) in enumerate(
            (device, medium)
            for device in ("mobile", "desktop", "tablet")
            for medium in ("search", "direct", "social")
        )
    ]
)
SHARES = (0.70, 0.10, 0.09, 0.008, 0.002, 0.06, 0.04)
ITEMS = 5_000


def months(events: int, customers: int, seed: int = 0, *, visits: bool = False) -> Iterator[pa.Table]:
    """Tables of the ``events`` dataset, one a month: views, baskets, orders, refunds, messages.

    Some customers do far more than others (log-normal), a fifth of the views are anonymous, orders have up to
    three lines. With ``visits``, what happens on the website belongs to a visit, one a day, and tells device and
    origin; a tenth of the views are searches.
    """
    rng = np.random.default_rng(seed)
    busy = rng.lognormal(0, 1.1, customers)
    reach = np.cumsum(busy) / busy.sum()
    for number, (year, month) in enumerate(MONTHS):
        table = _month(rng, number, year, month, events // len(MONTHS), reach)
        yield _visited(table, rng) if visits else table


def _month(
    rng: np.random.Generator, number: int, year: int, month: int, rows: int, reach: np.ndarray
) -> pa.Table:
    start = datetime(year, month, 1)  # noqa: DTZ001 - the lake holds plain UTC
    end = datetime(year + month // 12, month % 12 + 1, 1)  # noqa: DTZ001
    micros = np.sort(rng.integers(0, int((end - start) / timedelta(microseconds=1)), rows))
    at = np.datetime64(start, "us") + micros.astype("timedelta64[us]")
    kinds = rng.choice(len(NAMES), rows, p=SHARES)
    who = np.searchsorted(reach, rng.random(rows))
    anonymous = (kinds == 0) & (rng.random(rows) < 0.2)
    orders = kinds == 2
    # lines: one for what is viewed or put into the basket, one to three of an order, none else
    lines = np.where(kinds <= 1, 1, np.where(orders, rng.integers(1, 4, rows), 0))
    offsets = np.concatenate([[0], np.cumsum(lines)]).astype(np.int32)
    item = rng.integers(0, ITEMS, offsets[-1])
    prices = (item % 97 + 3) * 100
    products = pa.ListArray.from_arrays(
        pa.array(offsets),
        pa.StructArray.from_arrays(
            [
                _ids("item", item),
                pa.array(np.ones(len(item), np.int64)),
                pa.array(prices.astype(np.int64)),
                pa.array(CATEGORIES[item % len(CATEGORIES)]),
            ],
            names=["item_id", "quantity", "price", "category"],
        ),
    ).cast(LINES)
    sums = np.add.reduceat(np.append(prices, 0), offsets[:-1])
    amount = np.where(orders, sums, 2_000)
    priced = (kinds >= 2) & (kinds <= 4)
    serial = np.arange(rows, dtype=np.int64) + number * rows
    stamps = pa.array(at, pa.timestamp("us"))
    nothing = pa.nulls(rows, pa.string())
    coupons = np.where(rng.random(rows) < 0.1, '{"coupon":"SPRING"}', "{}")
    columns = {
        "event_id": _ids("e", serial),
        "type": pa.array(np.full(rows, "track")),
        "event": pa.array(np.array(NAMES)[kinds]),
        "customer_id": pc.if_else(pa.array(anonymous), pa.scalar(None, pa.string()), _ids("c", who)),
        "anonymous_id": pc.if_else(pa.array(anonymous), _ids("a", who), pa.scalar(None, pa.string())),
        "timestamp": stamps,
        "date": stamps.cast(pa.date32()),
        "local_date": pa.array(at + np.timedelta64(8, "h"), pa.timestamp("us")).cast(pa.date32()),
        "received_at": stamps,
        "source": pa.array(np.full(rows, "bench")),
        "order_id": pc.if_else(pa.array(priced), _ids("o", serial), pa.scalar(None, pa.string())),
        "amount": pa.array(amount.astype(np.int64), mask=~priced),
        "currency": pc.if_else(pa.array(priced), "CNY", pa.scalar(None, pa.string())),
        "campaign": nothing,
        "products": products,
        "properties": pa.array(coupons),
        "session_id": nothing,
        "context": nothing,
        "month": pa.array(np.full(rows, f"{year}-{month:02d}")),
    }
    return pa.table(columns).cast(EVENTS.schema)


def _visited(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    """The month with visits, their contexts, and searches."""
    rows, name = table.num_rows, table["event"]
    online = pc.is_in(name, pa.array([PRODUCT_VIEWED, PRODUCT_ADDED, ORDER_COMPLETED]))
    searched = pc.and_(pc.equal(name, PRODUCT_VIEWED), pa.array(rng.random(rows) < 0.1))
    page = pc.and_(pc.equal(name, PRODUCT_VIEWED), pa.array(rng.random(rows) < 0.4))
    who = pc.coalesce(table["customer_id"], table["anonymous_id"])
    visit = pc.binary_join_element_wise("s", who, table["date"].cast(pa.string()), "-")
    word = pa.array(CATEGORIES[rng.integers(0, len(CATEGORIES), rows)])
    query = pc.binary_join_element_wise('{"query":"', word, '"}', "")
    context = pa.array(CONTEXTS[rng.integers(0, len(CONTEXTS), rows)])
    none = pa.scalar(None, pa.string())
    columns = {
        "event": pc.if_else(searched, PRODUCTS_SEARCHED, name),
        "type": pc.if_else(page, "page", table["type"]),
        "properties": pc.if_else(searched, query, table["properties"]),
        "session_id": pc.if_else(online, visit, none),
        "context": pc.if_else(online, context, none),
    }
    for column, values in columns.items():
        table = table.set_column(table.schema.get_field_index(column), column, values)
    return table.cast(EVENTS.schema)


def _ids(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")
