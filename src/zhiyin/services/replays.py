"""Rejects repaired by a rule and sent again: through the spool, like everything, and once.

A reject stays in the lake until the batch that holds its repaired payload is remembered (``ingest``). So a
replay may be killed anywhere and run again: what was sent twice counts once, and what was not sent stays.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import narwhals as nw

from zhiyin.adapters.spool import SpoolMemory
from zhiyin.domain.errors import Busy
from zhiyin.domain.text import say
from zhiyin.loop.collect import arrival, pipeline, repair, repair_rules
from zhiyin.loop.collect.arrival import Again
from zhiyin.loop.collect.order_ids import GUEST
from zhiyin.loop.collect.repair import Repair
from zhiyin.services import ingest, rejects
from zhiyin.services.rejects import Filter
from zhiyin.services.workspace import Workspace

LOOK = 20_000  # rejects that a proposal looks at
ROWS, LARGE_ROWS = 5_000, 100  # rejects in hand at a time, and of those that are too large
WAITING = 32 * 1024 * 1024  # bytes that may wait in the spool before more is sent
_PAUSE = 0.1
OnProgress = Callable[[int, int | None, str | None], object]
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a rule would do to the rejects that it was tried on.

    looked = repaired + known + sum(left) + untouched: ``repaired`` would become events, ``known`` are in the
    lake already, ``left`` would be refused again, by reason, and the rule has nothing to do for ``untouched``.
    ``total`` is how many rejects there are, also beyond those looked at.
    """

    rule: Repair
    looked: int = 0
    total: int = 0
    repaired: int = 0
    known: int = 0
    left: Mapping[str, int] = field(default_factory=dict)
    untouched: int = 0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: ``sent`` again, of which ``back`` were refused again, by reason, and ``kept`` are
    events now, or were before; ``untouched`` rejects stay as they were."""

    key: str
    sent: int
    kept: int
    untouched: int
    back: Mapping[str, int] = field(default_factory=dict)


def repairs(ws: Workspace, where: Filter, look: int = LOOK) -> list[Proposal]:
    """The ready-made rules that would repair some of these rejects, the first to try first."""
    rules = repair_rules.ready(where.reason) if where.reason else (repair_rules.AS_IS,)
    return [found for found in _tried(ws, where, rules, look) if found.repaired or found.known]


def trial(ws: Workspace, where: Filter, rule: Repair, look: int = LOOK) -> Proposal:
    """What a rule would do; nothing is changed."""
    (found,) = _tried(ws, where, (rule,), look)
    return found


def replay(ws: Workspace, where: Filter, rule: Repair, on_progress: OnProgress | None = None) -> Replayed:
    """Repair rejects and send them again with the time and source of their first coming, and wait until they
    are taken in; with ``rule`` ``AS_IS`` they go as they are.

    Rejects of files are left alone: correct the file and import it again. Raises ``Busy`` where the spool does
    not move on; what was sent until then is taken in later, and the same call does the rest.
    """
    key, tell = ingest.new_id()[:12], on_progress or _quiet
    # what comes, or comes back, from now on is not meant
    where, until = replace(where, origin="api"), ws.now()
    total = rejects.total(ws, where)
    done = sent = 0
    last: list[str] = []
    for rows in _pages(ws, where, until, key):
        entries = _entries(ws, rows, rule, key)
        if entries:
            ws.spool.append([entry for _, entry in entries])
            last = [entries[-1][0]]
            sent += len(entries)
        ws.spool.close()
        _until(ws, lambda: ws.spool.size() <= WAITING)
        done += len(rows)
        tell(done, max(total, done), "Replaying")
    _until(ws, lambda: not last or not ws.lake.among("rejects", last))
    back = _back(ws, key)
    return Replayed(key, sent, sent - sum(back.values()), done - sent, back)


def _pages(ws: Workspace, where: Filter, until: datetime, key: str) -> Iterator[list[dict[str, Any]]]:
    """The rejects, some at a time: large ones fewer, so that memory stays flat."""
    by_reason = [one.reason for one in rejects.reasons(ws, where)]
    moment = until.astimezone(UTC).replace(tzinfo=None)
    for reason in by_reason:
        after = ""
        while True:
            found = rejects.frame(ws, replace(where, reason=reason)).filter(
                nw.col("reject_id") > after, nw.col("rejected_at") <= moment
            )
            if key:
                found = found.filter(nw.col("replay").is_null() | (nw.col("replay") != key))
            head = found.sort("reject_id").head(LARGE_ROWS if reason == "too_large" else ROWS)
            rows = ws.lake.collect(head.select(*_WANTED)).to_pylist()
            if not rows:
                break
            yield rows
            after = rows[-1]["reject_id"]


_WANTED = ("reject_id", "reason", "source", "received_at", "raw")


def _entries(
    ws: Workspace, rows: Sequence[Mapping[str, Any]], rule: Repair, key: str
) -> list[tuple[str, bytes]]:
    """The lines of the spool, each with the id of its reject."""
    repaired = [(row, repair.applies(rejects.payload_of(row["raw"]), rule)) for row in rows]
    found = [(row, payload) for row, payload in repaired if payload is not None]
    known = _known(ws, [payload for _, payload in found])
    return [
        (row["reject_id"], _encode(_entry(row, payload, key, not known.isdisjoint(_ids(payload)))))
        for row, payload in found
    ]


def _entry(row: Mapping[str, Any], payload: Any, key: str, known: bool) -> dict[str, Any]:
    at = row["received_at"]
    return {
        "receivedAt": at.replace(tzinfo=UTC) if at is not None else None,
        "source": row["source"] or "",
        "kind": "batch",
        "body": {"batch": [payload]},
        "again": Again(row["reject_id"], row["reason"], key, known),
    }


def _known(ws: Workspace, payloads: Sequence[Mapping[str, Any]]) -> set[str]:
    """Ids of messages whose event is in the lake: the spool's own memory of them ends after two days."""
    ids = set().union(*map(_ids, payloads))
    return ws.lake.among("events", ids) if ids else set()


def _ids(payload: Mapping[str, Any]) -> set[str]:
    """Under which of them an event would be the same; a guest's order may be a customer's by now."""
    return {one for one in arrival.event_ids(payload, "") if not one.startswith(GUEST)}


def _until(ws: Workspace, enough: Callable[[], bool]) -> None:
    """Help the spool along until it is far enough. A worker may be at it: then wait for that."""
    deadline, size = time.monotonic() + ws.lake.patience, -1
    while not enough():
        if ingest.drain(ws):
            continue
        left = ws.spool.size()
        if left != size:
            deadline, size = time.monotonic() + ws.lake.patience, left
        if time.monotonic() >= deadline:
            raise Busy(
                say("The replayed events wait in the spool."),
                why=say("The process that takes them in does not move on."),
                fix=say("See that one worker runs; nothing is lost, and the same replay can be run again."),
            )
        time.sleep(_PAUSE)


def _back(ws: Workspace, key: str) -> dict[str, int]:
    """What came back from a replay, by reason, most frequent first."""
    found = ws.lake.frame("rejects").filter(nw.col("replay") == key).group_by("reason").agg(n=nw.len())
    return dict(
        Counter({row["reason"]: row["n"] for row in ws.lake.collect(found).to_pylist()}).most_common()
    )


def _tried(ws: Workspace, where: Filter, rules: Sequence[Repair], look: int) -> list[Proposal]:
    """What each of the rules would do, by the pipeline itself, on the first so many rejects."""
    where = replace(where, origin="api")
    counts: list[Counter[str]] = [Counter() for _ in rules]
    looked = 0
    for rows in _pages(ws, where, ws.now(), ""):
        rows = rows[: look - looked]
        payloads = [rejects.payload_of(row["raw"]) for row in rows]
        for rule, count in zip(rules, counts, strict=True):
            count.update(_outcomes(ws, rows, [repair.applies(one, rule) for one in payloads]))
        looked += len(rows)
        if looked >= look:
            break
    total = rejects.total(ws, where)
    return [
        Proposal(
            rule, looked, total, count.pop("kept", 0), count.pop("duplicate", 0),
            untouched=count.pop("", 0), left=dict(count.most_common()),
        )
        for rule, count in zip(rules, counts, strict=True)
    ]  # fmt: skip


def _outcomes(ws: Workspace, rows: Sequence[Mapping[str, Any]], payloads: Sequence[Any]) -> Counter[str]:
    """How many are kept, duplicates, refused by reason; under "" those that the rule does not touch."""
    known = _known(ws, [one for one in payloads if one is not None])
    arrived = [
        one
        for number, (row, payload) in enumerate(zip(rows, payloads, strict=True))
        if payload is not None
        for one in arrival.arrivals(
            _encode(_entry(row, payload, "", not known.isdisjoint(_ids(payload)))), f"0:{number}"
        )
    ]
    run = pipeline.Run(arrived)
    messages, orders, persons, visitors = run.asked()
    memory, facts = SpoolMemory(ws.spool.folder), ingest.facts(ws, persons)
    facts.memory.seen = memory.known(messages) | memory.known_orders(orders)
    facts.memory.visits = memory.visits(list(visitors))
    result = run.finish(facts)
    counts = Counter(str(one.reason) for one in result.rejects)
    counts["duplicate"] += len(result.duplicates)
    counts["kept"] += len(result.events)
    counts[""] += len(rows) - len(arrived)
    return +counts


def _quiet(done: int, total: int | None = None, label: str | None = None) -> None:
    return None
