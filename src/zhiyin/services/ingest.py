"""Events in: durable in the spool when acknowledged, from there into lake and records exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pyarrow as pa

from zhiyin.adapters.lake.datasets import REJECTS
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.models import Collected as CollectedRow
from zhiyin.adapters.records.models import Consent, Identity
from zhiyin.adapters.spool import Batch, Journal, SpoolMemory
from zhiyin.adapters.spool.commit import GroupCommit
from zhiyin.domain.consent import TRACKING
from zhiyin.domain.event import Event
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import dump
from zhiyin.loop.collect import arrival, pipeline
from zhiyin.loop.collect.facts import Facts, KeepIp, Memory
from zhiyin.loop.collect.sessions import LATE
from zhiyin.services import collected, live
from zhiyin.services.workspace import Workspace

APP = "spool"  # the name under which batches are committed
BATCH_BYTES = 16 * 1024 * 1024
BATCHES = 8  # in one go; then others get their turn
_LOOKUP = 10_000  # ids in one question to the records


def record(ws: Workspace, events: Sequence[Event]) -> None:
    """Keep events of our own; they are on disk when this returns."""
    if events:
        ws.spool.append([msgspec.json.encode({"event": event}) for event in events])


def intake(ws: Workspace) -> GroupCommit:
    """Where the tracking API keeps requests; one of each event loop."""
    return GroupCommit(ws.spool)


def drain(ws: Workspace, patience: float | None = None) -> int:
    """Move what the spool holds into lake and records; returns the number of payloads moved.

    Does nothing where another process is at it. Raises ``Busy`` where others write to the lake for longer than
    ``patience`` seconds, the lake's if None; what was not moved waits in the spool. May be killed at any step:
    the batch in hand is taken again, and each of its steps knows what it did.
    """
    journal, memory, moved = Journal(ws.spool), SpoolMemory(ws.spool.folder), 0
    with journal.reading() as mine:
        for _ in range(BATCHES if mine else 0):
            batch = journal.claim(lambda: _last(ws, memory), max_bytes=BATCH_BYTES)
            if batch is None:
                break
            if memory.version() < batch.version:
                moved += _take(ws, batch, memory, patience)
            journal.done(batch)
    return moved


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


def new_id() -> str:
    """An id for an event of our own."""
    return uuid.uuid4().hex


def _last(ws: Workspace, memory: SpoolMemory) -> int:
    """The highest version that anybody knows, so that a lost memory cannot make a batch look known."""
    rows = CollectedRow.objects.values_list("version", flat=True)
    tables = [ws.lake.committed(name, APP) or 0 for name in ("events", "rejects")]
    return max(memory.version(), max(rows, default=0), *tables)


def _take(ws: Workspace, batch: Batch, memory: SpoolMemory, patience: float | None) -> int:
    """One batch: a fold of what the memory held and what the batch says, stored step by step.

    The memory comes last: before it, every step is done again after a crash, with the same result.
    """
    arrived = [
        one
        for number, (entry, whole) in enumerate(batch.entries())
        for one in arrival.arrivals(entry, f"{batch.version}:{number}", whole=whole)
    ]
    now = ws.now()
    with ws.lake.writing(patience):  # an erasure comes after all this, or before and is seen here
        facts = _facts(ws, arrived, memory)
        result = pipeline.run(arrived, facts)
        if result.events:
            table = events_to_table(result.events, timezone=ws.timezone, received_at=now)
            ws.lake.append("events", table, app_id=APP, version=batch.version)
        if result.rejects:
            ws.lake.append("rejects", _rejects_table(result.rejects, now), app_id=APP, version=batch.version)
        links = facts.memory.links
        collected.apply(ws, batch.version, arrived, result, links, lambda events: _own(ws, events))
        memory.commit(batch.version, facts.memory.new_ids, facts.memory.new_visits, now)
        live.note(ws, result)
    return len(arrived)


def _own(ws: Workspace, events: Sequence[Event]) -> None:
    """What a batch made us say comes with the next one."""
    record(ws, events)
    ws.spool.close()


def _facts(ws: Workspace, arrived: Iterable[arrival.Arrival], memory: SpoolMemory) -> Facts:
    """What the pipeline has to know for these arrivals."""
    messages, persons = arrival.asked(arrived)
    settings = ws.settings
    identities = dict(
        pair
        for ids in _some(persons)
        for pair in Identity.objects.filter(pk__in=ids).values_list("anonymous_id", "customer_id")
    )
    known = persons | set(identities.values())
    no_tracking = Consent.objects.filter(purpose=TRACKING, granted=False)
    visitors = [*persons, *(LATE + person for person in persons)]
    return Facts(
        currency=settings.shop.currency,
        timezone=settings.shop.timezone,
        keep_ip=cast(KeepIp, settings.collect.keep_ip),  # the settings allow no other
        bots=settings.collect.bots,
        identities=identities,
        refusing={
            who
            for ids in _some(known)
            for who in no_tracking.filter(customer_id__in=ids).values_list("customer_id", flat=True)
        },
        erased=erasure.erased_at(known),
        memory=Memory(seen=memory.known(messages), visits=memory.visits(visitors)),
    )


def _some(ids: Collection[str]) -> Iterator[list[str]]:
    listed = sorted(ids)
    for start in range(0, len(listed), _LOOKUP):
        yield listed[start : start + _LOOKUP]


def _rejects_table(rejects: Sequence[Reject], now: datetime) -> pa.Table:
    at = now.astimezone(UTC).replace(tzinfo=None)
    rows = [
        {
            "reject_id": f"spool:{one.position}",
            "import_id": "",
            "kind": "events",
            "file": one.source,
            "line": one.line,
            "reason": str(one.reason),
            "detail": dump(one.detail),
            "raw": one.raw,
            "customer_id": one.customer_id,
            "rejected_at": at,
            "source": one.source,
            "received_at": one.received_at and one.received_at.astimezone(UTC).replace(tzinfo=None),
        }
        for one in rejects
    ]
    return pa.Table.from_pylist(rows, schema=REJECTS.schema)
