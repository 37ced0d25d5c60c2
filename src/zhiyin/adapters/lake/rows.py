"""Events as rows of the lake, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from zhiyin.adapters.lake.datasets import EVENTS
from zhiyin.domain.event import Event, Line


def events_to_table(events: Iterable[Event], *, timezone: ZoneInfo, received_at: datetime) -> pa.Table:
    """Rows of the ``events`` dataset; dates are taken in UTC and in the shop's time zone."""
    received = _plain(received_at)
    rows = []
    for event in events:
        at = _plain(event.timestamp)
        rows.append(
            {
                "event_id": event.event_id,
                "type": event.type,
                "event": event.name,
                "customer_id": event.customer_id,
                "anonymous_id": event.anonymous_id,
                "timestamp": at,
                "date": at.date(),
                "local_date": event.timestamp.astimezone(timezone).date(),
                "received_at": received,
                "source": event.source,
                "order_id": event.order_id,
                "amount": event.amount,
                "currency": event.currency,
                "campaign": event.campaign,
                "products": [
                    {
                        "item_id": line.item_id,
                        "quantity": line.quantity,
                        "price": line.price,
                        "category": line.category,
                    }
                    for line in event.products
                ],
                "properties": _json(event.properties),
                "month": f"{at:%Y-%m}",
            }
        )
    return pa.Table.from_pylist(rows, schema=EVENTS.schema)


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
    )


def _json(properties: Mapping[str, object]) -> str:
    """A JSON object; what is no number (NaN, infinity) is null there, since JSON has neither."""
    try:
        return _dumps(dict(properties))
    except ValueError:
        return _dumps(_finite(properties))


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
