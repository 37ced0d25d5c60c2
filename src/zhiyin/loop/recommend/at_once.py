"""A few customers' events → their steps, at once: the rule of ``steps`` without an engine.

A send asks for some hundred customers at a time; planning the lazy query would cost more than running it.
Tests hold the two to the same answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED
from zhiyin.loop.recommend.steps import COLUMNS, KINDS

FOUND = COLUMNS[:4]
_TYPES = (pa.string(), pa.string(), pa.string(), pa.timestamp("us"))


def at_once(events: pa.Table) -> pa.Table:
    """Rows of ``FOUND``, the first of ``steps.COLUMNS``, from rows of ``steps.WANTED``."""
    undoing = events.filter(pc.invert(pc.is_in(events["event"], value_set=pa.array(list(KINDS)))))
    if not undoing.num_rows:
        return _standing(events)
    # few orders are undone: only the customers whose orders these may be are looked at line by line
    touched = pc.is_in(events["order_id"], value_set=pc.drop_null(pc.unique(undoing["order_id"])))
    customers = pc.unique(pa.concat_tables([undoing, events.filter(touched)])["customer_id"])
    careful = pc.is_in(events["customer_id"], value_set=customers)
    plain = events.filter(pc.invert(careful))
    return pa.concat_tables([_standing(plain), _with_undone(events.filter(careful))])


def _standing(events: pa.Table) -> pa.Table:
    of, lines = _exploded(events)
    kinds = pa.array(list(KINDS.values()), pa.string())
    rows = pa.table(
        {
            "customer_id": events["customer_id"].take(of),
            "item_id": pc.struct_field(lines, "item_id"),
            "kind": kinds.take(pc.index_in(events["event"].take(of), value_set=pa.array(list(KINDS)))),
            "at": events["timestamp"].take(of).cast(pa.timestamp("us")),
        }
    )
    return rows.filter(pc.is_valid(rows["item_id"]))


def _with_undone(events: pa.Table) -> pa.Table:
    void, given_back, orders = _undone(events)
    bought: dict[tuple[str, str], int] = defaultdict(int)
    stray: dict[tuple[str, str], int] = defaultdict(int)
    for customer, event, order, _, item, quantity in _lines(events):
        if event == ORDER_COMPLETED:
            bought[customer, item] += quantity
        elif event not in KINDS and order not in orders:
            stray[customer, item] += quantity
    rows = []
    for customer, event, order, moment, item, quantity in _lines(events):
        if event not in KINDS:
            continue
        if event == ORDER_COMPLETED and (
            order in void
            or quantity <= given_back.get((order, item), 0)
            or ((customer, item) in stray and stray[customer, item] >= bought[customer, item])
        ):
            continue
        rows.append((customer, item, KINDS[event], moment))
    columns = zip(*rows, strict=True) if rows else [()] * len(FOUND)
    return pa.table(
        {
            name: pa.array(values, kind if kind != _TYPES[3] else pa.int64()).cast(kind)
            for name, values, kind in zip(FOUND, columns, _TYPES, strict=True)
        }
    )


def _undone(events: pa.Table) -> tuple[set[str], dict[tuple[str | None, str], int], set[str]]:
    """Orders that are void, quantities given back by (order, item), and all orders that have an id."""
    paid: dict[str, int] = defaultdict(int)
    back: dict[str, int] = defaultdict(int)
    void: set[str] = set()
    whole = events.filter(pc.is_valid(events["order_id"])).select(["event", "order_id", "amount"])
    for event, order, amount in zip(*(column.to_pylist() for column in whole.columns), strict=True):
        if event == ORDER_COMPLETED:
            paid[order] += amount or 0
        elif event == ORDER_CANCELLED:
            void.add(order)
        elif event not in KINDS:
            back[order] += amount or 0
    void |= {order for order, amount in back.items() if 0 < paid.get(order, 0) <= amount}
    given_back: dict[tuple[str | None, str], int] = defaultdict(int)
    for _, event, order, _, item, quantity in _lines(events):
        if event not in KINDS and order is not None:
            given_back[order, item] += quantity
    return void, given_back, set(paid)


def _lines(events: pa.Table) -> Iterator[tuple[str, str, str | None, int, str, int]]:
    """(customer, event, order, microseconds, item, quantity) of every line that names an item."""
    of, lines = _exploded(events)
    columns: list[Any] = [events[name].take(of) for name in ("customer_id", "event", "order_id")]
    columns.append(events["timestamp"].take(of).cast(pa.timestamp("us")).cast(pa.int64()))
    columns += [pc.struct_field(lines, "item_id"), pc.fill_null(pc.struct_field(lines, "quantity"), 1)]
    for row in zip(*(column.to_pylist() for column in columns), strict=True):
        if row[4] is not None:
            yield row


def _exploded(events: pa.Table) -> tuple[Any, Any]:
    """The row of each line, and the lines."""
    products = events["products"].combine_chunks()
    return pc.list_parent_indices(products), pc.list_flatten(products)
