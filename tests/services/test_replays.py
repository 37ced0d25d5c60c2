"""Rejects are repaired and sent again: once, under the name and time of their first coming, and never for who was erased."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.prepared import once

from zhiyin.adapters.lake.store import Lake
from zhiyin.adapters.records.models import Tally
from zhiyin.adapters.spool import Journal, Spool, SpoolMemory
from zhiyin.domain.errors import NotFound
from zhiyin.loop.collect.repair import rule
from zhiyin.loop.collect.repair_rules import AS_IS, find
from zhiyin.services import collected, imports, ingest, privacy, rejects, replays
from zhiyin.services.rejects import Filter
from zhiyin.services.workspace import Workspace

AT = datetime(2026, 3, 1, 8, 15, tzinfo=UTC)
NEGATIVE = Filter(reason="negative_price")


def refund() -> Any:
    return find("refund")


def order(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": f"c{number}",
        "messageId": f"m{number}",
        "properties": {"order_id": str(number), "total": -number},
    } | changes


def sent(ws: Workspace, *payloads: dict[str, Any], at: datetime = AT, source: str = "web") -> None:
    entry = {"receivedAt": at, "source": source, "kind": "batch", "body": {"batch": list(payloads)}}
    ws.spool.append([msgspec.json.encode(entry)])
    emptied(ws)


def emptied(ws: Workspace) -> None:
    ws.spool.close()
    while ingest.drain(ws):
        pass


def at_nine(ws: Workspace) -> Workspace:
    return dataclasses.replace(ws, now=lambda: AT.replace(hour=9))


def events(ws: Workspace) -> list[dict[str, Any]]:
    return sorted(ws.lake.collect(ws.lake.events()).to_pylist(), key=lambda row: row["event_id"])


def tallies(ws: Workspace) -> dict[str, int]:
    """By outcome, without those that are zero; the balance is checked on the way."""
    counted: Counter[str] = Counter()
    for row in Tally.objects.all():
        counted[row.outcome] += row.events
    assert counted["received"] * 2 == sum(counted.values())
    return dict(+counted)


def test_negative_amounts_become_refunds_and_the_balance_moves(workspace: Workspace) -> None:
    ws = at_nine(workspace)
    sent(ws, *(order(number) for number in range(1, 6)), order(9, properties={"products": [
        {"product_id": "p", "price": -3}]}), order(10, properties={"total": 10}))  # fmt: skip
    assert tallies(ws) == {"received": 7, "kept": 1, "negative_price": 6}
    first, *_ = replays.repairs(ws, NEGATIVE)
    assert (first.rule.name, first.repaired, first.untouched, first.looked, first.total) == (
        "refund",
        5,
        1,
        6,
        6,
    )
    steps: list[tuple[int, int | None]] = []
    done = replays.replay(ws, NEGATIVE, refund(), lambda n, of, label: steps.append((n, of)))
    assert (done.sent, done.kept, done.untouched, done.back) == (5, 5, 1, {})
    assert steps[-1] == (6, 6)
    assert tallies(ws) == {"received": 7, "kept": 6, "negative_price": 1}
    refunds = [row for row in events(ws) if row["event"] == "Order Refunded"]
    assert [row["event_id"] for row in refunds] == ["m1", "m2", "m3", "m4", "m5"]
    assert {(row["source"], row["timestamp"].hour, row["timestamp"].minute) for row in refunds} == {
        ("web", 8, 15)
    }
    assert sum(row["amount"] for row in refunds) == 1500
    assert rejects.total(ws) == 1


def test_a_second_replay_finds_nothing_also_weeks_later(workspace: Workspace) -> None:
    ws = at_nine(workspace)
    sent(ws, order(1), order(2))
    replays.replay(ws, NEGATIVE, refund())
    later = dataclasses.replace(workspace, now=lambda: AT + timedelta(days=30))
    assert replays.replay(later, NEGATIVE, refund()).sent == 0
    assert len(events(ws)) == 2


def test_what_was_rejected_twice_under_one_id_counts_once_also_weeks_later(workspace: Workspace) -> None:
    ws = at_nine(workspace)
    sent(ws, order(1), at=AT)
    sent(ws, order(1), at=AT + timedelta(minutes=1))
    assert rejects.total(ws) == 2
    replays.replay(ws, dataclasses.replace(NEGATIVE, since=AT + timedelta(minutes=1)), refund())
    assert (len(events(ws)), rejects.total(ws)) == (1, 1)
    later = dataclasses.replace(workspace, now=lambda: AT + timedelta(days=30))
    sent(later, order(3, properties={"total": 3}))  # the memory of ids moves on
    found = replays.trial(later, NEGATIVE, refund())
    assert (found.repaired, found.known) == (0, 1)
    replays.replay(later, NEGATIVE, refund())
    assert (len(events(ws)), rejects.total(ws)) == (2, 0)
    assert tallies(ws) == {"received": 3, "kept": 2, "duplicate": 1}


def test_the_same_line_sent_twice_counts_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = at_nine(workspace)
    sent(ws, order(1))
    append = Spool.append
    monkeypatch.setattr(Spool, "append", lambda self, lines: append(self, [*lines, *lines]))
    replays.replay(ws, NEGATIVE, refund())
    assert (len(events(ws)), tallies(ws)) == (1, {"received": 1, "kept": 1})


def test_what_still_fails_comes_back_with_its_new_reason(workspace: Workspace) -> None:
    ws = at_nine(workspace)
    sent(
        ws,
        order(
            1, properties={"total": "x", "currency": "CNY", "products": [{"product_id": "p", "price": -1}]}
        ),
    )
    where = Filter(reason="bad_number")
    found = replays.trial(ws, where, find("no_numbers"))
    assert (found.repaired, found.left) == (0, {"negative_price": 1})
    done = replays.replay(ws, where, find("no_numbers"))
    assert (done.kept, done.back) == (0, {"negative_price": 1})
    (row,) = rejects.list_(ws)[1]
    assert (row["reason"], row["source"], row["received_at"].hour) == ("negative_price", "web", 8)
    assert rejects.payload_of(row["raw"])["messageId"] == "m1"
    assert tallies(ws) == {"received": 1, "negative_price": 1}
    assert replays.replay(ws, NEGATIVE, find("positive")).kept == 1
    assert tallies(ws) == {"received": 1, "kept": 1}


def test_what_came_without_an_id_keeps_the_one_it_was_given(workspace: Workspace) -> None:
    ws = at_nine(workspace)
    payload = {name: value for name, value in order(1).items() if name != "messageId"}
    sent(ws, payload, payload)
    replays.replay(ws, NEGATIVE, refund())
    assert len({row["event_id"] for row in events(ws)}) == 2


def test_a_setting_was_changed_and_rejects_go_again_as_they_are(
    make_workspace: Callable[..., Workspace],
) -> None:
    ws = at_nine(make_workspace())
    sent(ws, order(1, properties={"total": 5, "currency": "USD"}))
    where = Filter(reason="bad_currency")
    assert [one.rule.name for one in replays.repairs(ws, where)] == ["shop_currency"]
    shop = dataclasses.replace(ws.settings.shop, currency="USD")
    dollars = dataclasses.replace(ws, settings=dataclasses.replace(ws.settings, shop=shop))
    assert replays.replay(dollars, where, AS_IS).kept == 1
    assert events(ws)[0]["currency"] == "USD"


def test_the_name_of_a_source_may_have_changed_meanwhile(workspace: Workspace) -> None:
    ws = at_nine(workspace)
    sent(ws, order(1))
    Tally.objects.update(source="shop")
    replays.replay(ws, NEGATIVE, refund())
    assert tallies(ws) == {"received": 2, "kept": 1, "negative_price": 1}


def test_who_was_erased_does_not_come_back(workspace: Workspace) -> None:
    ws = at_nine(workspace)
    nameless = {"type": "track", "event": "Order Completed", "messageId": "m8",
                "properties": {"total": 5, "user_id": "c1"}}  # fmt: skip
    sent(ws, order(1), order(2), nameless)
    privacy.erase(ws, "c1")
    assert replays.replay(ws, NEGATIVE, refund()).kept == 1
    where = Filter(reason="missing_id")
    done = replays.replay(ws, where, rule(copy={"userId": "properties.user_id"}))
    assert done.kept == 0
    assert {row["customer_id"] for row in events(ws)} == {"c2"}
    with pytest.raises(NotFound):
        privacy.erase(ws, "c9")


def test_an_erasure_while_a_replay_waits_in_the_spool_wins(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = at_nine(workspace)
    sent(ws, order(1))
    ((row),) = rejects.list_(ws)[1]
    entry = replays._entry(row, order(1, event="Order Refunded", properties={"total": 1}), "k", False)
    privacy.erase(ws, "c1")
    ws.spool.append([msgspec.json.encode(entry)])  # read before, sent after
    emptied(ws)
    assert events(ws) == []
    assert rejects.total(ws) == 0


def test_rejects_of_files_stay_where_they_are(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_id,customer_id,date,total\n1,ann,2026-03-05,x\n=2,ann,2026-03-05,5 boxes\n")
    run = imports.run(workspace, "orders", [file])
    assert replays.replay(workspace, Filter(), AS_IS).sent == 0
    assert rejects.total(workspace, Filter(origin="files")) == 2
    out = tmp_path / "again.csv"
    assert rejects.export_rows(workspace, out, run.import_id) == 2
    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert lines == ["order_id,customer_id,date,total", "1,ann,2026-03-05,x", "'=2,ann,2026-03-05,5 boxes"]


def test_rejects_are_found_counted_and_discarded(workspace: Workspace, tmp_path: Path) -> None:
    ws = at_nine(workspace)
    sent(ws, order(1), order(2), source="web")
    sent(ws, order(3), {"type": "track", "userId": "c4", "messageId": "m4"}, source="app")
    found = rejects.reasons(ws)
    assert [(one.reason, one.rejects, dict(one.sources)) for one in found] == [
        ("negative_price", 3, {"web": 2, "app": 1}),
        ("missing_field", 1, {"app": 1}),
    ]
    assert found[0].first == found[0].last == AT
    assert rejects.total(ws, Filter(q='"m3"')) == rejects.total(ws, Filter(q="c3")) == 1
    assert rejects.total(ws, Filter(since=AT + timedelta(seconds=1))) == 0
    assert [one.marked for one in rejects.sample(ws, Filter(source="web"))] == [("properties.total",)] * 2
    lines = tmp_path / "rejects.jsonl"
    assert rejects.export(ws, lines, Filter(source="app")) == 2
    assert {msgspec.json.decode(line)["messageId"] for line in lines.read_text().splitlines()} == {"m3", "m4"}
    assert rejects.discard(ws, Filter(source="web")) == 2
    assert rejects.total(ws) == 2
    assert tallies(ws)["negative_price"] == 3


class Killed(BaseException):
    """The process is gone."""


WRITES = [
    (Spool, "append"), (Journal, "_write"), (Lake, "append"), (collected, "apply"), (SpoolMemory, "commit"),
    (Lake, "remove_keys"), (Path, "unlink"), (Path, "rename"),
]  # fmt: skip


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


def refused(ws: Workspace) -> None:
    """Four orders were rejected, one of which the rule does not mend."""
    unmended = order(4, properties={"total": -1, "value": 1, "products": "x"})
    sent(at_nine(ws), order(1), order(2), order(3), unmended)


def test_a_replay_that_dies_after_any_write_and_is_run_again_counts_once(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "ROWS", 2)

    def shop(name: str) -> Workspace:
        ws = make_workspace(name)
        once(ws, refused)
        return at_nine(ws)

    def replayed(ws: Workspace) -> tuple[Any, ...]:
        replays.replay(ws, Filter(), find("positive"))
        left = sorted((row["reason"], row["raw"]) for row in rejects.list_(ws)[1])
        ids = [row["event_id"] for row in events(ws)]
        seen = SpoolMemory(ws.spool.folder).known_orders([f"order:{number}" for number in range(1, 5)])
        return ids, left, tallies(ws), seen

    undisturbed = shop("undisturbed")
    with killing(monkeypatch, 0) as writes:
        wanted = replayed(undisturbed)
    assert wanted[0] == ["order:1", "order:2", "order:3"]
    assert {name for _, name in WRITES} == set(writes)
    for last in range(1, len(writes) + 1):
        ws = shop(f"killed-{last}")
        with killing(monkeypatch, last), pytest.raises(Killed):
            replayed(ws)
        assert replayed(ws) == wanted, f"after write {last}, {writes[last - 1]}"


RUN = """
import sys
from zhiyin.entrypoints.site import open_workspace
ws = open_workspace(sys.argv[1])
from zhiyin.loop.collect.repair_rules import find
from zhiyin.services import rejects, replays
replays.ROWS = 30
print("ready", flush=True)
replays.replay(ws, rejects.Filter(reason="negative_price"), find("refund"))
print("done", flush=True)
"""


def test_a_replay_killed_again_and_again_loses_nothing_and_doubles_nothing(workspace: Workspace) -> None:
    sent(workspace, *(order(number) for number in range(1, 301)))
    rng = random.Random(3)
    kills = 0
    for _ in range(8):
        command = [sys.executable, "-c", RUN, str(workspace.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            try:
                process.wait(rng.uniform(0.05, 1.0))
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
    emptied(workspace)
    replays.replay(workspace, NEGATIVE, refund())
    assert kills > 0
    assert sorted(row["event_id"] for row in events(workspace)) == sorted(f"m{n}" for n in range(1, 301))
    assert tallies(workspace) == {"received": 300, "kept": 300}
    assert rejects.total(workspace) == 0
