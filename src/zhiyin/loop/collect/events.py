"""rows of an event file → events of the lake.

The id of an event is its order's where it happens once to an order, else the file's, else a digest of what the row
says: the same row is the same event.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.text import say
from zhiyin.loop.collect import order_ids
from zhiyin.loop.collect.cells import Bools, decimals, one_of
from zhiyin.loop.collect.columns import Column
from zhiyin.loop.collect.verdict import Rows, Shop, Understood, json_objects, timestamps
from zhiyin.loop.collect.zones import SECOND, Micros, to_local

TYPES = {"track", "identify", "page", "screen", "group", "alias"}
LINE = pa.struct(
    [("item_id", pa.string()), ("quantity", pa.int64()), ("price", pa.int64()), ("category", pa.string())]
)


def understand(table: pa.Table, lines: pa.Array, columns: Sequence[Column], shop: Shop) -> Understood:
    """Rows of the dataset ``events``, one each."""
    rows = Rows(table, lines, columns, shop)
    kind = pc.fill_null(pc.utf8_lower(rows.text("type")), "track")
    rows.fail(~one_of(kind, TYPES), RejectReason.UNKNOWN_TYPE, "type", say("is no type of the Segment spec"))
    name = rows.text("event")
    track = pc.equal(kind, "track")
    unnamed = pc.and_(track, pc.is_null(name)).to_numpy(zero_copy_only=False)
    rows.fail(unnamed, RejectReason.MISSING_FIELD, "event", say("is empty"))
    customer_id = rows.ids("customer_id", needed=False, nobody=True)
    anonymous_id = rows.ids("anonymous_id", needed=False, nobody=True)
    nobody = pc.and_(pc.is_null(customer_id), pc.is_null(anonymous_id)).to_numpy(zero_copy_only=False)
    rows.fail(nobody, RejectReason.MISSING_ID, "customer_id", say("names nobody"))
    at, _ = rows.times("timestamp")
    currency, factors = rows.currencies()
    amount, price = rows.money("amount", factors), rows.money("price", factors)
    rows.in_shops_currency(currency, amount, price)
    for field, money in (("amount", amount), ("price", price)):
        negative = pc.fill_null(pc.less(money, 0), False).to_numpy(zero_copy_only=False)
        rows.fail(
            negative, RejectReason.NEGATIVE_PRICE, field, say("is below zero; import returns as orders")
        )
    quantity, bad = decimals(rows.cells("quantity"))
    rows.fail(bad, RejectReason.BAD_NUMBER, "quantity", say("is no number"))
    order_id = rows.ids("order_id", needed=False)
    campaign = rows.text("campaign")
    extras = json_objects(rows.extras(), len(rows))
    properties = _merged(rows, extras)
    item_id = rows.ids("item_id", needed=False)
    event_id = rows.ids("event_id", needed=False)
    columns_of_row = {
        "type": kind,
        "event": pc.coalesce(name, kind),
        "customer_id": customer_id,
        "anonymous_id": anonymous_id,
        **dates(at, shop),
        "order_id": order_id,
        "amount": amount,
        "currency": pc.if_else(pc.is_valid(amount), currency, pa.scalar(None, pa.string())),
        "campaign": campaign,
        "products": _one_line(item_id, whole(quantity), price, rows.text("category")),
        "properties": properties,
    }
    once = order_ids.column(pc.if_else(track, name, None), order_id, customer_id)
    event_id = pc.coalesce(once, event_id)
    event_id = pc.coalesce(event_id, _digests(event_id, columns_of_row))
    nothing = pa.nulls(len(rows), pa.string())
    return rows.verdict({"event_id": event_id, **columns_of_row, "session_id": nothing, "context": nothing})


def dates(at: Micros, shop: Shop) -> dict[str, pa.Array]:
    """The time columns of the lake: the moment, its UTC and local dates, its month, and the import's moment."""
    plain = timestamps(at)
    local = timestamps(to_local(at, shop.zone))
    received = np.full(len(at), int(shop.now.timestamp()) * SECOND, np.int64)
    months = (at // SECOND).astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    known, where = np.unique(months, return_inverse=True)
    names = pa.array([str(month.astype("datetime64[M]")) for month in known], pa.string())
    return {
        "timestamp": plain,
        "date": plain.cast(pa.date32(), safe=False),
        "local_date": local.cast(pa.date32(), safe=False),
        "received_at": timestamps(received),
        "source": pa.array(["import"] * len(at), pa.string()),
        "month": names.take(pa.array(where)) if len(at) else pa.array([], pa.string()),
    }


def whole(quantity: np.ndarray) -> pa.Array:
    """Quantities as whole numbers: 1 where unknown; a part of something counts as one of it."""
    filled = np.where(np.isnan(quantity), 1.0, quantity)
    rounded = np.sign(filled) * np.floor(np.abs(filled) + 0.5)
    part = (rounded == 0) & (filled != 0)
    return pa.array(np.where(part, np.sign(filled), rounded).astype(np.int64))


def _one_line(item_id: pa.Array, quantity: pa.Array, price: pa.Array, category: pa.Array) -> pa.Array:
    """A list of one line where the row names an item, of none where it does not."""
    named = item_id.is_valid()
    offsets = np.concatenate([[0], np.cumsum(named.to_numpy(zero_copy_only=False))]).astype(np.int32)
    inner = [column.filter(named) for column in (item_id, quantity, price, category)]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.StructArray.from_arrays(inner, fields=list(LINE)))


def _merged(rows: Rows, extras: pa.Array) -> pa.Array:
    """Properties that come as JSON are joined with the columns without a field."""
    if not rows.has("properties"):
        return extras
    stated, merged, bad = rows.text("properties").to_pylist(), [], []
    for text, extra in zip(stated, extras.to_pylist(), strict=True):
        properties, fits = _object(text)
        merged.append(json.dumps({**json.loads(extra), **properties}, ensure_ascii=False))
        bad.append(not fits)
    wrong: Bools = np.array(bad, bool)
    rows.fail(wrong, RejectReason.BAD_ROW, "properties", say("is no JSON object"))
    return pa.array(merged, pa.string())


def _object(text: str | None) -> tuple[dict[str, object], bool]:
    if text is None:
        return {}, True
    try:
        value = json.loads(text, parse_float=_number, parse_constant=_number)
    except ValueError:
        return {}, False
    return (value, True) if isinstance(value, dict) else ({}, False)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number of JSON")  # Python reads NaN and Infinity, others do not
    return number


def _digests(event_id: pa.Array, columns: dict[str, pa.Array]) -> pa.Array:
    """A digest of the row's content, worked out only where the file has no id."""
    missing = event_id.is_null()
    if not pc.any(missing).as_py():
        return event_id
    said = [name for name in columns if name not in ("received_at", "month", "date", "local_date", "source")]
    table = pa.table({name: columns[name] for name in said}).filter(missing)
    texts = [
        column.cast(pa.string())
        for name, column in zip(said, table.columns, strict=True)
        if name != "products"
    ]
    joined = pc.binary_join_element_wise(*texts, "\x1f", null_handling="replace", null_replacement="\x00")
    products = table["products"].to_pylist()
    digests = iter(
        "row:" + hashlib.blake2b(f"{text}\x1f{lines}".encode(), digest_size=16).hexdigest()
        for text, lines in zip(joined.to_pylist(), products, strict=True)
    )
    return pa.array([next(digests) if gap else None for gap in missing.to_pylist()], pa.string())
