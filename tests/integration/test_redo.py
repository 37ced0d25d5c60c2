"""Draining dies after each of its writes; done again, it leaves the same lake, records, tallies and memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db.models import Model

from zhiyin.adapters.lake.store import Lake
from zhiyin.adapters.records.models import Collected, Consent, Customer, Hit, Identity, Tally
from zhiyin.adapters.spool import Journal, SpoolMemory, journal, runs
from zhiyin.adapters.spool.runs import Runs
from zhiyin.domain.event import Event
from zhiyin.services import collected, ingest, live
from zhiyin.services.workspace import Workspace

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
WRITES = [
    (Journal, "_write"),
    (journal, "sync_folder"),
    (Path, "unlink"),
    (Path, "rename"),
    (Lake, "append"),
    (ingest, "record"),
    (Model, "save"),
    (collected, "apply"),
    (runs.os, "fsync"),
    (Runs, "tidy"),
    (SpoolMemory, "commit"),
    (live, "note"),
]
ANN = {"userId": "ann", "anonymousId": "visitor"}
FIRST = [
    {"type": "page", "anonymousId": "visitor", "messageId": "m1"},
    {"type": "identify", **ANN, "messageId": "m2", "traits": {"city": "Wuxi", "email_consent": True}},
    {"type": "track", "event": "Order Completed", **ANN, "messageId": "m3",
     "properties": {"order_id": "1", "total": 10}},
    {"type": "track", "event": "Order Completed", **ANN, "messageId": "m7",  # the same order
     "properties": {"order_id": "1", "total": 10}},
    {"type": "track", **ANN, "messageId": "m4"},  # has no name
    {"type": "page", "anonymousId": "visitor", "messageId": "m1"},
]  # fmt: skip
SECOND = [
    {"type": "page", "anonymousId": "visitor", "messageId": "m5"},
    FIRST[2],
    {"type": "track", "event": "Order Completed", "userId": "bob", "messageId": "m6",
     "properties": {"order_id": "2", "total": 20}},
    {"type": "track", "event": "Order Completed", "userId": "ann", "messageId": "m8",  # the same, of another batch
     "properties": {"order_id": "1", "total": 10}},
    {"type": "vote", "userId": "bob"},
]  # fmt: skip


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def killing(monkeypatch: pytest.MonkeyPatch, last: int) -> Iterator[list[str]]:
    """Die after so many writes; gives their names."""
    done: list[str] = []

    def dying(where: Any, name: str) -> Callable[..., Any]:
        real = getattr(where, name)

        def write(*args: Any, **kwargs: Any) -> Any:
            result = real(*args, **kwargs)
            done.append(name)
            if len(done) == last:
                raise Killed
            return result

        return write

    with monkeypatch.context() as patch:
        for where, name in WRITES:
            patch.setattr(where, name, dying(where, name))
        yield done


def sent(ws: Workspace, messages: list[dict[str, Any]], minute: int) -> None:
    """A request as the tracking API keeps it, and an event of our own."""
    at = AT.replace(minute=minute)
    entry = {"receivedAt": at, "source": "web", "kind": "batch", "body": {"batch": messages}}
    ws.spool.append([msgspec.json.encode(entry)])
    opened = Event(f"opened:{minute}", "track", "Email Opened", at, "ann", properties={"token": "t1"})
    ingest.record(ws, [opened])
    ws.spool.close()


def state(ws: Workspace) -> dict[str, Any]:
    """All that draining leaves behind."""
    ids = [f"m{number}" for number in range(1, 7)]
    seen = SpoolMemory(ws.spool.folder)
    rows: dict[str, Any] = {
        name: sorted(ws.lake.collect(ws.lake.frame(name)).to_pylist(), key=lambda row: row[key])
        for name, key in (("events", "event_id"), ("rejects", "reject_id"))
    }
    for model in (Collected, Consent, Customer, Identity):
        rows[model.__name__] = sorted(map(str, model.objects.values()))
    rows["hits"] = sorted(Hit.objects.values_list("token", "customer_id", "at"))
    rows["tallies"] = {(row.source, row.hour, row.outcome): row.events for row in Tally.objects.all()}
    # what a batch made us say may be said twice, and counts once
    for source, hour, _ in [key for key in rows["tallies"] if key[2] == "duplicate"]:
        rows["tallies"][source, hour, "received"] -= rows["tallies"].pop((source, hour, "duplicate"))
    rows["seen"], rows["visits"] = sorted(seen.known(ids)), seen.visits(["visitor", "ann", "bob"])
    rows["orders"] = sorted(seen.known_orders(["order:1", "order:2", "order:3"]))
    rows["version"] = seen.version()
    rows["waiting"] = sorted(path.name for path in ws.spool.folder.glob("*.spool"))
    rows["journal"] = (ws.spool.folder / "journal.json").exists()
    return rows


def emptied(ws: Workspace) -> dict[str, Any]:
    while ingest.drain(ws):
        pass
    return state(ws)


def test_a_drain_that_dies_after_any_write_leaves_the_same_when_it_is_done_again(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    def shop(name: str) -> Workspace:
        ws = dataclasses.replace(make_workspace(name), now=lambda: AT.replace(hour=9))
        sent(ws, FIRST, 1)
        return ws

    undisturbed = shop("undisturbed")
    with killing(monkeypatch, 0) as writes:
        emptied(undisturbed)
    sent(undisturbed, SECOND, 2)
    wanted = emptied(undisturbed)
    assert {name for _, name in WRITES} == set(writes)
    assert (wanted["waiting"], wanted["journal"], len(wanted["seen"])) == ([], False, 3)
    assert wanted["orders"] == ["order:1", "order:2"]
    assert len(wanted["hits"]) == 2
    for last in range(1, len(writes) + 1):
        ws = shop(f"killed-{last}")
        with killing(monkeypatch, last), pytest.raises(Killed):
            emptied(ws)
        emptied(ws)
        sent(ws, SECOND, 2)
        found = emptied(ws)
        assert found == wanted, f"after write {last}, {writes[last - 1]}"
