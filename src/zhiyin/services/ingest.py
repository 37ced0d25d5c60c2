"""Events in: durable in the spool when acknowledged, from there into lake and records exactly once."""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import cast

import msgspec

from zhiyin.adapters.children import Lost
from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.among import among
from zhiyin.adapters.records.models import Consent, Identity
from zhiyin.adapters.spool import Batch, Journal, SpoolMemory
from zhiyin.adapters.spool.commit import GroupCommit
from zhiyin.domain.consent import TRACKING
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.event import Event
from zhiyin.domain.text import say
from zhiyin.loop.collect import arrival
from zhiyin.loop.collect.facts import Facts, KeepIp
from zhiyin.loop.collect.parts import parts
from zhiyin.services import collected, live, orders
from zhiyin.services.orders import APP, last_batch
from zhiyin.services.shares import Asked, Known, Share, Understood, apart, joined
from zhiyin.services.workspace import Workspace

BATCH_BYTES = 16 * 1024 * 1024
BATCHES = 8  # in one go; then others get their turn
LARGE = 4 * 1024 * 1024  # bytes of a batch that several processes take together
_FEW = 10_000
CORES = min(os.cpu_count() or 1, 4)  # more would all read what the others read too


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
    last = 0
    with journal.reading() as mine:
        for _ in range(BATCHES if mine else 0):
            batch = journal.claim(lambda: last or last_batch(ws, memory), max_bytes=BATCH_BYTES)  # noqa: B023
            if batch is None:
                break
            if memory.version() < batch.version:
                ahead = partial(journal.upcoming, batch, max_bytes=BATCH_BYTES)
                arrived, again = _take(ws, batch, ahead, memory, patience)
            else:
                known = Share(batch).arrived
                arrived, again = len(known), _again(known)
            _replayed(ws, again, patience)
            moved += arrived
            journal.done(batch)
            last = batch.version  # nobody else makes versions meanwhile
    return moved


def counts(ws: Workspace, by: str = "name") -> dict[str, int]:
    """Events in the lake by ``name`` or ``source``, most frequent first, or by ``day`` of the shop, latest first."""
    import narwhals as nw

    columns = {"name": "event", "source": "source", "day": "local_date"}
    if by not in columns:
        raise BadSetting(
            say("Events cannot be counted by {by!r}.", by=by),
            fix=say("Choose one of: {choices}.", choices=", ".join(columns)),
        )
    column = columns[by]
    rows = ws.lake.collect(ws.lake.events().group_by(column).agg(n=nw.len())).to_pylist()
    if by == "day":
        rows.sort(key=lambda row: row[column], reverse=True)
    else:
        rows.sort(key=lambda row: (-row["n"], row[column] or ""))
    return {str(row[column] or ""): row["n"] for row in rows}


def new_id() -> str:
    """An id for an event of our own."""
    return uuid.uuid4().hex


def _take(
    ws: Workspace,
    batch: Batch,
    ahead: Callable[[], Batch | None],
    memory: SpoolMemory,
    patience: float | None,
) -> tuple[int, set[str]]:
    """One batch: a fold of what the memory held and what the batch says, stored step by step.

    Gives how many payloads there were, and which rejects were replayed in it. While it is stored, the children read
    the one that comes after it, which ``ahead`` names.

    The memory comes last: before it, every step is done again after a crash, with the same result.
    """
    now = ws.now()
    # within the lease: an erasure comes after all this, or before and is seen
    with ws.lake.writing(patience), _no_collection():
        orders.inform(ws, memory)
        found, arrived, standing = _apart(ws, batch, now), [], []
        if found is None:
            share = Share(batch)
            arrived = share.arrived
            standing = share.arrived = _standing(ws, arrived)
            found = share.understood(_known(ws, share.asked(), now))
        with suppress(Lost):  # seen again by who asks for what they read
            _read(ws, ahead())
        for name, rows in (("events", found.events), ("rejects", found.rejects)):
            if rows.num_rows:
                ws.lake.append(name, rows, app_id=APP, version=batch.version)
        collected.apply(ws, batch.version, standing, found, lambda events: _own(ws, events))
        memory.commit(batch.version, found.messages, found.visits, now, found.orders)
        live.note(ws, found.outcomes)
        return len(arrived) or found.arrived, _again(arrived)


def _apart(ws: Workspace, batch: Batch, now: datetime) -> Understood | None:
    """What a large batch says, understood by several processes; None where one has to do it alone."""
    try:
        if not _read(ws, batch):
            return None
        share = Share(batch, parts(CORES)[0])
        theirs = ws.children.answers()
        ws.children.ask([_known(ws, one, now) for one in theirs])  # they go on at once, even if it is in vain
        own = share.asked()
        if not apart([own, *theirs]):
            ws.children.answers()
            return None
        return joined([share.understood(_known(ws, own, now)), *ws.children.answers()])
    except Lost:
        return None  # for want of memory, or whatever else ended it: the next batch gets new ones
    except BaseException:
        ws.children.close()  # an answer may be on its way that belongs to no later question
        raise


def _known(ws: Workspace, asked: Asked, now: datetime) -> Known:
    return Known(facts(ws, asked.persons), now, ws.timezone)


def _read(ws: Workspace, batch: Batch | None) -> bool:
    """Have the children read their parts of a batch, unless they did; False where it is not for them.

    Raises ``Lost``.
    """
    if batch is None or CORES == 1 or batch.size() < LARGE:
        return False
    questions = [(batch, part, shop(ws)) for part in parts(CORES)[1:]]
    if ws.children.waiting != questions:
        with suppress(Lost):
            ws.children.answers()  # of a batch that was not taken after all
        ws.children.ask(questions)
    return True


def _standing(ws: Workspace, arrived: list[arrival.Arrival]) -> list[arrival.Arrival]:
    """What arrived, without replays of rejects that are gone: replayed before, discarded, or erased.

    The reject of a replay stays until its batch is remembered, so that a batch taken again finds the same.
    """
    asked = _again(arrived)
    if not asked:
        return arrived
    standing = ws.lake.among("rejects", asked)
    kept = []
    for one in arrived:
        if one.again is not None:
            if one.again.reject not in standing:
                continue
            standing.discard(one.again.reject)  # once, however often it was sent
        kept.append(one)
    return kept


def _again(arrived: Iterable[arrival.Arrival]) -> set[str]:
    """The rejects that are replayed here."""
    return {one.again.reject for one in arrived if one.again is not None}


def _replayed(ws: Workspace, gone: Collection[str], patience: float | None) -> None:
    """Rejects that were replayed stand no more; what was still refused has a reject of its own."""
    if gone:
        with ws.lake.writing(patience):
            ws.lake.remove_keys("rejects", gone)


@contextmanager
def _no_collection() -> Iterator[None]:
    """A batch makes many objects and no cycles: looking for some costs a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _own(ws: Workspace, events: Sequence[Event]) -> None:
    """What a batch made us say comes with the next one."""
    record(ws, events)
    ws.spool.close()


def shop(ws: Workspace) -> Facts:
    """What the pipeline has to know of the shop alone."""
    settings = ws.settings
    return Facts(
        currency=settings.shop.currency,
        timezone=settings.shop.timezone,
        keep_ip=cast(KeepIp, settings.collect.keep_ip),  # the settings allow no other
        bots=settings.collect.bots,
    )


def facts(ws: Workspace, persons: Set[str]) -> Facts:
    """What it has to know of the shop and of these persons; what the spool remembers is for the caller to add."""
    identities = dict(among(Identity, "anonymous_id", persons, "anonymous_id", "customer_id"))
    known = persons | set(identities.values())
    return replace(
        shop(ws), identities=identities, refusing=_refusing(known), erased=erasure.erased_at(known)
    )


def _refusing(persons: Set[str]) -> Set[str]:
    """Those who said that they do not want to be tracked."""
    refusals = Consent.objects.filter(purpose=TRACKING, granted=False).values_list("customer_id", flat=True)
    few = set(refusals[: _FEW + 1])
    if len(few) <= _FEW:  # as ever but in large shops: taking them all is cheaper than asking for everybody
        return few & persons
    answers = among(Consent, "customer_id", persons, "customer_id", "purpose", "granted")
    return {who for who, purpose, granted in answers if purpose == TRACKING and not granted}
