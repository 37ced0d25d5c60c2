"""Events and rejects as rows of the lake, and events back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice, repeat
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhiyin.adapters.lake.datasets import EVENTS, LINES, REJECTS
from zhiyin.domain.event import Event, Line
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import dump

_SECOND = 1_000_000  # microseconds
_QUARTER = 900 * _SECOND  # clocks change on quarters of an hour, everywhere since 1972
_DAY = 86_400 * _SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.json.Encoder(enc_hook=str).encode


def events_to_table(
    events: Iterable[Event], *, timezone: ZoneInfo, received_at: datetime | Sequence[datetime]
) -> pa.Table:
    """Rows of the ``events`` dataset; dates are taken in UTC and in the shop's time zone. ``received_at`` is one moment
    for all, or one for each."""
    # column by column: a dictionary for each row would cost more than all the rest
    rows = events if isinstance(events, Sequence) else list(events)
    at = _micros(rows)
    text, whole = pa.string(), pa.int64()
    columns = {
        "event_id": pa.array([row.event_id for row in rows], text),
        "type": pa.array([row.type for row in rows], text),
        "event": pa.array([row.name for row in rows], text),
        "customer_id": pa.array([row.customer_id for row in rows], text),
        "anonymous_id": pa.array([row.anonymous_id for row in rows], text),
        "timestamp": _times(at),
        "date": _dates(at),
        "local_date": _dates(at + _offsets(at, timezone)),
        "received_at": _times(_received(received_at, len(rows))),
        "source": pa.array([row.source for row in rows], text),
        "order_id": pa.array([row.order_id for row in rows], text),
        "amount": pa.array([row.amount for row in rows], whole),
        "currency": pa.array([row.currency for row in rows], text),
        "campaign": pa.array([row.campaign for row in rows], text),
        "products": _products(rows),
        "properties": pa.array([_json(row.properties) for row in rows], text),
        "session_id": pa.array([row.session_id for row in rows], text),
        "context": pa.array([_json(row.context) if row.context else None for row in rows], text),
        "month": _months(at),
    }
    return pa.table(columns, schema=EVENTS.schema)


def rejects_to_table(rejects: Iterable[Reject], *, rejected_at: datetime) -> pa.Table:
    """Rows of the ``rejects`` dataset for payloads, which have a position in the spool."""
    rows = list(rejects)
    now = _micro(rejected_at)
    text = pa.string()
    received = [None if row.received_at is None else _micro(row.received_at) for row in rows]
    columns = {
        "reject_id": pa.array([f"spool:{row.position}" for row in rows], text),
        "import_id": pa.array([""] * len(rows), text),
        "kind": pa.array(["events"] * len(rows), text),
        "file": pa.array([row.source for row in rows], text),
        "line": pa.array([row.line for row in rows], pa.int64()),
        "reason": pa.array([str(row.reason) for row in rows], text),
        "detail": pa.array([dump(row.detail) for row in rows], text),
        "raw": pa.array([row.raw for row in rows], text),
        "customer_id": pa.array([row.customer_id for row in rows], text),
        "source": pa.array([row.source for row in rows], text),
        "received_at": pa.array(received, pa.int64()).cast(pa.timestamp("us")),
        "rejected_at": _times(np.full(len(rows), now)),
        "replay": pa.array([row.replay for row in rows], text),
    }
    return pa.table(columns, schema=REJECTS.schema)


def events_of(table: pa.Table) -> Iterator[Event]:
    """The events of rows, column by column, which matters where one customer has a million of them.

    What the table has no column for is empty. Equal objects are shared: nobody may change them.
    """
    read = lru_cache(maxsize=1_000)(json.loads)
    line = lru_cache(maxsize=10_000)(Line)
    known = set(table.schema.names)
    for batch in table.to_batches(max_chunksize=50_000):
        plain = (batch[name].to_pylist() if name in known else repeat(None) for name in _PLAIN)
        event_id, type_, customer_id, anonymous_id, order_id, amount, session_id = plain
        name, source, currency, campaign = (
            _shared(batch[name]) if name in known else repeat(None) for name in _SHARED
        )
        at = [
            _EPOCH + timedelta(microseconds=micro)
            for micro in batch["timestamp"].cast(pa.int64()).to_pylist()
        ]
        lines = _lines(batch["products"], line) if "products" in known else repeat(())
        properties, context = (
            [read(text or "{}") for text in batch[name].to_pylist()] if name in known else repeat(read("{}"))
            for name in ("properties", "context")
        )
        sources = (one or "" for one in source)
        yield from map(  # in the order of its fields
            Event, event_id, type_, name, at, customer_id, anonymous_id, sources, order_id, amount, currency,
            campaign, lines, properties, session_id, context,
        )  # fmt: skip


_PLAIN = ("event_id", "type", "customer_id", "anonymous_id", "order_id", "amount", "session_id")
_SHARED = ("event", "source", "currency", "campaign")  # few values, of many rows


def _shared(column: pa.Array) -> list[str | None]:
    """The texts of a column, equal ones as one object."""
    encoded = column.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    return [None if place is None else texts[place] for place in encoded.indices.to_pylist()]


def _lines(column: pa.ListArray, line: Callable[..., Line]) -> Iterator[tuple[Line, ...]]:
    """The lines of each row."""
    sizes = pc.fill_null(pc.list_value_length(column), 0).to_pylist()
    flat = column.flatten()
    each = zip(
        *(flat.field(name).to_pylist() for name in ("item_id", "quantity", "price", "category")), strict=True
    )
    for size in sizes:
        yield tuple(line(*values) for values in islice(each, size))


def event_of(row: Mapping[str, Any]) -> Event:
    """The event of a row, as ``collect(...).to_pylist()`` gives it."""
    return Event(
        event_id=row["event_id"],
        type=row["type"],
        name=row["event"],
        timestamp=row["timestamp"].replace(tzinfo=UTC),
        customer_id=row["customer_id"],
        anonymous_id=row["anonymous_id"],
        source=row["source"] or "",
        order_id=row["order_id"],
        amount=row["amount"],
        currency=row["currency"],
        campaign=row["campaign"],
        products=tuple(
            Line(line["item_id"], line["quantity"], line["price"], line["category"])
            for line in row["products"] or ()
        ),
        properties=json.loads(row["properties"] or "{}"),
        session_id=row["session_id"],
        context=json.loads(row["context"] or "{}"),
    )


def _micros(rows: Sequence[Event]) -> NDArray[np.int64]:
    """Microseconds since 1970, UTC."""
    return np.fromiter(((row.timestamp - _EPOCH) // _MICROSECOND for row in rows), np.int64, len(rows))


def _received(at: datetime | Sequence[datetime], rows: int) -> NDArray[np.int64]:
    if isinstance(at, datetime):
        return np.full(rows, _micro(at))
    found, last, micro = [], _EPOCH, 0
    for moment in at:
        if moment is not last:  # what came together has the same
            last, micro = moment, _micro(moment)
        found.append(micro)
    return np.array(found, np.int64)


def _micro(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _times(at: NDArray[np.int64]) -> pa.Array:
    return pa.array(at.view("datetime64[us]"))


def _dates(at: NDArray[np.int64]) -> pa.Array:
    return pa.array((at // _DAY).astype(np.int32)).cast(pa.date32())


def _offsets(at: NDArray[np.int64], timezone: ZoneInfo) -> NDArray[np.int64]:
    """Of each moment, what the zone's clocks add to UTC; asked once for each quarter of an hour."""
    quarters, where = np.unique(at // _QUARTER, return_inverse=True)
    found = [
        (_EPOCH + timedelta(microseconds=int(quarter) * _QUARTER)).astimezone(timezone).utcoffset()
        for quarter in quarters
    ]
    offsets = np.array([0 if one is None else one // _MICROSECOND for one in found], np.int64)
    return offsets[where] if len(at) else at


def _months(at: NDArray[np.int64]) -> pa.Array:
    days, where = np.unique(at // _DAY, return_inverse=True)
    names = pa.array([f"{date(1970, 1, 1) + timedelta(days=int(day)):%Y-%m}" for day in days], pa.string())
    return names.take(pa.array(where))


def _products(rows: Sequence[Event]) -> pa.Array:
    lines = [line for row in rows for line in row.products]
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum([len(row.products) for row in rows], out=offsets[1:])
    fields = [
        pa.array([line.item_id for line in lines], pa.string()),
        pa.array([line.quantity for line in lines], pa.int64()),
        pa.array([line.price for line in lines], pa.int64()),
        pa.array([line.category for line in lines], pa.string()),
    ]
    values = pa.StructArray.from_arrays(fields, fields=list(LINES.value_type))
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=LINES)


def _json(values: Mapping[str, object]) -> bytes:
    """A JSON object; what is no number (NaN, infinity) is null there, since JSON has neither."""
    try:
        return _encode(values)
    except (TypeError, ValueError, OverflowError):  # keys that are no texts, halves of characters
        return json.dumps(
            _finite(values), ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=False
        ).encode("utf-8", "replace")


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
