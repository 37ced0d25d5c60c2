"""Events in: durable in the spool when acknowledged, from there into the lake exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
from django.db import transaction

from zhiyin.adapters.lake.datasets import REJECTS
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.models import Customer
from zhiyin.domain.event import Event
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import dump
from zhiyin.loop.collect.payload import understand
from zhiyin.services.workspace import Workspace

_OWN_FIELDS = {"email": 254, "phone": 40, "name": 200, "language": 16}


def record(ws: Workspace, events: Sequence[Event]) -> None:
    """Keep events of our own; they are on disk when this returns."""
    if events:
        ws.spool.append([msgspec.json.encode({"event": event}) for event in events])


def accept(
    ws: Workspace, payloads: Iterable[Any], *, source: str, sent_at: str | None, received_at: datetime
) -> None:
    """Keep payloads of the tracking API as they came; they are on disk when this returns."""
    ws.spool.append(
        [
            msgspec.json.encode(
                {"payload": payload, "source": source, "sentAt": sent_at, "receivedAt": received_at}
            )
            for payload in payloads
        ]
    )


def drain(ws: Workspace, patience: float | None = None) -> int:
    """Move what the spool holds into the lake; returns the number of payloads moved.

    Raises ``Busy`` where others write for longer than ``patience`` seconds, the lake's if None; what was not
    moved waits in the spool.
    """
    return ws.spool.drain(lambda name, payloads: _take(ws, name, payloads, patience))


def counts(ws: Workspace) -> dict[str, int]:
    """Events in the lake by name, most frequent first."""
    import narwhals as nw

    frame = ws.lake.events().group_by("event").agg(n=nw.len())
    rows = ws.lake.collect(frame).to_pylist()
    return {row["event"]: row["n"] for row in sorted(rows, key=lambda row: (-row["n"], row["event"]))}


def latest(ws: Workspace, limit: int = 20) -> list[dict[str, Any]]:
    """The events that came last, newest first."""
    frame = ws.lake.events().sort("timestamp", "event_id", descending=True).head(limit)
    columns = ("timestamp", "event", "customer_id", "anonymous_id", "order_id", "amount", "source")
    return ws.lake.collect(frame.select(*columns)).to_pylist()


def _take(ws: Workspace, name: str, payloads: list[bytes], patience: float | None) -> None:
    """One segment of the spool; idempotent by its name."""
    arrived = [_arrived(ws, number, line) for number, line in enumerate(payloads, 1)]
    with ws.lake.writing(patience):  # an erasure comes after all this, or before and is seen here
        arrived = _without_erased(arrived)
        events = [one.result for one in arrived if isinstance(one.result, Event)]
        _publish_traits(ws, [event for event in events if event.type == "identify"])
        if events:
            table = events_to_table(events, timezone=ws.timezone, received_at=ws.now())
            ws.lake.append_new("events", table, app_id=f"spool:{name}", version=1)
        if len(events) < len(arrived):
            ws.lake.append("rejects", _rejects_table(ws, name, arrived), app_id=f"spool:{name}", version=1)


@dataclass(frozen=True, slots=True)
class _Arrived:
    """One line of a segment: when it came, from where, whom it names, what it is."""

    line: int
    at: datetime
    source: str
    customer_id: str
    result: Event | Reject


def _arrived(ws: Workspace, number: int, line: bytes) -> _Arrived:
    entry = msgspec.json.decode(line)
    if "event" in entry:
        event = msgspec.convert(entry["event"], Event)
        return _Arrived(number, event.timestamp, event.source, event.customer_id or "", event)
    at = datetime.fromisoformat(entry["receivedAt"].replace("Z", "+00:00"))
    result = understand(
        entry["payload"],
        received_at=at,
        sent_at=entry["sentAt"],
        currency=ws.settings.shop.currency,
        source=entry["source"],
    )
    named = result.customer_id if isinstance(result, Event) else str(entry["payload"].get("userId") or "")
    return _Arrived(number, at, entry["source"], named or "", result)


def _without_erased(arrived: Sequence[_Arrived]) -> list[_Arrived]:
    """What came before its customer was erased is a reject that tells nothing of them."""
    erased = erasure.erased_at({one.customer_id for one in arrived} - {""})
    nothing = Reject(0, RejectReason.ERASED, "", "")
    return [
        replace(one, customer_id="", result=nothing)
        if one.customer_id in erased and one.at <= erased[one.customer_id]
        else one
        for one in arrived
    ]


def _publish_traits(ws: Workspace, identifies: Sequence[Event]) -> None:
    """Stated traits go to the customer's row, later ones over earlier ones."""
    stated: dict[str, dict[str, Any]] = {}
    first: dict[str, datetime] = {}
    for event in sorted(identifies, key=lambda event: event.timestamp):
        if event.customer_id:
            stated.setdefault(event.customer_id, {}).update(event.properties)
            first.setdefault(event.customer_id, event.timestamp)
    if not stated:
        return
    with transaction.atomic():
        known = Customer.objects.select_for_update().in_bulk(list(stated))
        for customer_id, traits in stated.items():
            customer = known.get(customer_id) or Customer(
                customer_id=customer_id, created_at=first[customer_id]
            )
            _apply(customer, traits)
            known[customer_id] = customer
        Customer.objects.bulk_create(
            known.values(),
            update_conflicts=True,
            unique_fields=["customer_id"],
            update_fields=[*_OWN_FIELDS, "traits"],
        )


def _apply(customer: Customer, traits: Mapping[str, Any]) -> None:
    rest = dict(customer.traits)
    for key, value in traits.items():
        if key in _OWN_FIELDS:
            text = _text(value or "").strip()[: _OWN_FIELDS[key]]
            setattr(customer, key, text.lower() if key == "email" else text)
        elif isinstance(value, str | int | float | bool):
            rest[_text(key)[:100]] = _text(value) if isinstance(value, str) else value
    customer.traits = rest


def _text(value: object) -> str:
    return str(value).replace("\x00", "")  # PostgreSQL keeps no NUL


def _rejects_table(ws: Workspace, name: str, arrived: Sequence[_Arrived]) -> pa.Table:
    now = ws.now().astimezone(UTC).replace(tzinfo=None)
    rows = [
        {
            "reject_id": f"spool:{name}:{one.line}",
            "import_id": "",
            "kind": "events",
            "file": one.source,
            "line": one.line,
            "reason": str(one.result.reason),
            "detail": dump(one.result.detail),
            "raw": one.result.raw,
            "customer_id": one.customer_id or None,
            "rejected_at": now,
        }
        for one in arrived
        if isinstance(one.result, Reject)
    ]
    return pa.Table.from_pylist(rows, schema=REJECTS.schema)


def new_id() -> str:
    """An id for an event of our own."""
    return uuid.uuid4().hex
