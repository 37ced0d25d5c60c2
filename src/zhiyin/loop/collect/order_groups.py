"""lines sorted by order → one event for each order, return, cancellation and open checkout.

Ids follow from the content, so the same file gives the same events: ``order:<id>``, ``cancel:<id>``,
``checkout:<id>``, ``refund:<id>`` for a whole order and ``refund:<id>:<digest>`` for each returned line; see
``order_ids`` for those of guests.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.loop.collect import order_ids
from zhiyin.loop.collect.cells import Bools, Ints
from zhiyin.loop.collect.events import LINE, dates
from zhiyin.loop.collect.orders import REFUNDED
from zhiyin.loop.collect.verdict import Shop

ORDER_OF_LINES = ("order_id", "kind", "part", "seq")  # how lines must be sorted

NAMES = tuple(order_ids.PREFIXES)  # by kind
_PREFIXES = pa.array(order_ids.PREFIXES.values())


def split_last(lines: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The lines of complete orders, and those of the last order, which may go on in the next batch."""
    if not lines.num_rows:
        return lines, lines
    ids = lines["order_id"]
    first = pc.index(ids, ids[-1]).as_py()
    return lines.slice(0, first), lines.slice(first)


def assemble(lines: pa.Table, shop: Shop, categories: tuple[pa.Array, pa.Array] | None = None) -> pa.Table:
    """The events of sorted lines, as rows of the lake, with ``rows``: how many rows of the file each stands for.

    The amount of an order is its stated total, else the sum of its lines. ``categories`` are item ids and their
    categories, for lines that have none.
    """
    lines = lines.combine_chunks()
    column = {name: _flat(lines[name]) for name in lines.column_names}
    kind, part = _numpy(column["kind"]), column["part"]
    detail = (kind == REFUNDED) & _numpy(pc.not_equal(part, ""))
    keyed = _changes(column["order_id"]) | _changes(column["kind"]) | _changes(part)
    starts = np.flatnonzero(keyed | detail)
    size = np.diff(np.append(starts, lines.num_rows))
    first = pa.array(starts)
    total = np.maximum.reduceat(_filled(column["total"], -1), starts)
    summed = np.add.reduceat(_filled(column["line_amount"], 0), starts)
    use_total = (total >= 0) & ~detail[starts]
    at = np.minimum.reduceat(_numpy(column["at"].cast(pa.int64())), starts)
    kinds = pa.array(kind[starts])
    order_id = column["order_id"].take(first)
    event, customer_id = pa.array(NAMES).take(kinds), _first_known(column["customer_id"], starts)
    ids = pc.binary_join_element_wise(_PREFIXES.take(kinds), order_id, "")
    ids = pc.coalesce(order_ids.column(event, order_id, customer_id), ids)
    return pa.table(
        {
            "event_id": _with_digests(ids, detail[starts], part.take(first), _occurrence(keyed, starts)),
            "type": pa.array(["track"] * len(starts)),
            "event": event,
            "customer_id": customer_id,
            "anonymous_id": pa.nulls(len(starts), pa.string()),
            **dates(at, shop),
            "order_id": order_id,
            "amount": pa.array(np.where(use_total, total, summed)),
            "currency": column["currency"].take(first),
            "campaign": pa.nulls(len(starts), pa.string()),
            "products": _products(column, starts, categories),
            "properties": column["properties"].take(first),
            "session_id": pa.nulls(len(starts), pa.string()),
            "context": pa.nulls(len(starts), pa.string()),
            "rows": pa.array(np.add.reduceat(_numpy(column["own"]).astype(np.int64), starts)),
            "lines": pa.array(size),
        }
    )


def _products(
    column: dict[str, pa.Array], starts: Ints, categories: tuple[pa.Array, pa.Array] | None
) -> pa.Array:
    named = column["item_id"].is_valid()
    counts = np.add.reduceat(_numpy(named).astype(np.int64), starts)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    item_id, quantity, price, category = (
        column[name].filter(named) for name in ("item_id", "quantity", "price", "category")
    )
    if categories is not None and category.null_count:
        known, of = categories
        category = pc.coalesce(category, of.take(pc.index_in(item_id, value_set=known)))
    inner = pa.StructArray.from_arrays([item_id, quantity, price, category], fields=list(LINE))
    return pa.ListArray.from_arrays(pa.array(offsets), inner)


def _with_digests(ids: pa.Array, detail: Bools, part: pa.Array, occurrence: Ints) -> pa.Array:
    """Single returned lines get a digest of what was returned, and the how-manieth of equal ones it is."""
    if not detail.any():
        return ids
    texts = ids.to_pylist()
    parts = part.to_pylist()
    for index in np.flatnonzero(detail).tolist():
        said = f"{parts[index]}|{occurrence[index]}".encode()
        texts[index] += ":" + hashlib.blake2b(said, digest_size=6).hexdigest()
    return pa.array(texts, pa.string())


def _occurrence(keyed: Bools, starts: Ints) -> Ints:
    """For each group its place among those of the same key, from 0."""
    first_of_key = np.maximum.accumulate(np.where(keyed, np.arange(len(keyed)), 0))
    found: Ints = starts - first_of_key[starts]
    return found


def _changes(values: pa.Array) -> Bools:
    """Where a value differs from the one before; true for the first."""
    changed = np.ones(len(values), bool)
    if len(values) > 1:
        changed[1:] = _numpy(pc.not_equal(values.slice(1), values.slice(0, len(values) - 1)))
    return changed


def _first_known(values: pa.Array, starts: Ints) -> pa.Array:
    """The first value of each group that is not null."""
    beyond = len(values)
    places = np.where(_numpy(values.is_valid()), np.arange(beyond), beyond)
    found = np.minimum.reduceat(places, starts)
    return values.take(pa.array(np.where(found == beyond, 0, found), mask=found == beyond))


def _flat(values: pa.ChunkedArray) -> pa.Array:
    return values.chunk(0) if values.num_chunks == 1 else pa.concat_arrays(values.chunks)


def _filled(values: pa.Array, gap: int) -> Ints:
    found: Ints = pc.fill_null(values, gap).to_numpy(zero_copy_only=False)
    return found


def _numpy(values: pa.Array) -> np.ndarray:
    return np.asarray(values.to_numpy(zero_copy_only=False))
