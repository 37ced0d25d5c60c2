"""The worker's rounds: what is idle is tidied, and a lake that others keep stops nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pyarrow as pa
import pytest
from tests.services.mailing import Server, campaign, people

from zhiyin.adapters import clock
from zhiyin.adapters.lake.datasets import ITEMS
from zhiyin.adapters.lake.store import Lake
from zhiyin.domain.errors import Busy
from zhiyin.domain.event import PRODUCT_VIEWED, Event
from zhiyin.services import campaigns, ingest, planning, profiles, work
from zhiyin.services.workspace import Workspace


def rounds(count: int, each: Callable[[], None] = lambda: None) -> Callable[[float], bool]:
    """Stops the worker after so many rounds."""
    left = iter(range(count - 1, -1, -1))

    def wait(seconds: float) -> bool:
        each()
        return next(left) == 0

    return wait


def items(name: str) -> pa.Table:
    return pa.Table.from_pylist(
        [{**dict.fromkeys(ITEMS.schema.names), "item_id": "tea", "name": name}], schema=ITEMS.schema
    )


def test_files_are_kept_for_a_week(workspace: Workspace) -> None:
    for name in ("Green", "Black"):
        workspace.lake.replace("items", items(name))
    work.run(workspace, rounds(2))
    assert len(list((workspace.lake.folder / "items").glob("*.parquet"))) == 2


def test_old_files_go_once_a_day(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.system()
    monkeypatch.setattr(clock, "system", lambda: now)
    times = []
    vacuum = Lake.vacuum

    def at_once(lake: Lake) -> int:
        times.append(now)
        return vacuum(lake, keep_hours=0)

    monkeypatch.setattr(Lake, "vacuum", at_once)
    for name in ("Green", "Black"):
        workspace.lake.replace("items", items(name))

    def later() -> None:
        nonlocal now
        now += timedelta(hours=10)

    work.run(workspace, rounds(6, later))  # idle at 0, 10, 20, 30, 40 and 50 hours
    assert times == [times[0], times[0] + timedelta(hours=30)]
    assert len(list((workspace.lake.folder / "items").glob("*.parquet"))) == 1


@contextmanager
def another_process(ws: Workspace) -> Iterator[Callable[[], None]]:
    """Another process that keeps the lake until the given function is called."""
    code = (
        "import sys; from pathlib import Path; from zhiyin.adapters.lake.store import Lake\n"
        "with Lake(Path(sys.argv[1])).writing(): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(ws.lake.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        def let_go() -> None:
            other.communicate()

        yield let_go
        if other.poll() is None:
            let_go()


def test_sending_goes_on_while_another_process_keeps_the_lake(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.system()
    monkeypatch.setattr(clock, "system", lambda: now)
    told: list[str] = []
    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, 20)
        campaign(ws, holdout=0.0)
        campaigns.start(ws, "spring")
        with another_process(ws) as let_go:
            number, free_after = 0, 4

            def each() -> None:
                nonlocal now, number
                number += 1
                now += timedelta(seconds=20)
                if number == free_after:
                    assert campaigns.progress(ws, "spring")["status"] == "sent"
                    assert ws.lake.count("events") == 0
                    let_go()
                ws.spool.close()

            work.run(ws, rounds(8, each), tell=told.append)
        assert len(server.received()) == 20
    assert ingest.counts(ws)["Email Delivered"] == 20
    assert [text.split(".")[0] for text in told] == [
        "Another process is writing to the lake",
        "The lake is free again; what waited in the spool moves on",
    ]


def test_a_worker_that_only_sends_leaves_planning_to_others(make_workspace: Callable[..., Workspace]) -> None:
    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, 20)
        campaign(ws, holdout=0)
        campaigns.start(ws, "spring")
        work.send(ws, rounds(2))
        assert not server.letters
        planning.plan_step(ws)
        work.send(ws, rounds(2))
        assert len(server.received()) == 20
    assert campaigns.progress(ws, "spring")["status"] == "sent"


def test_a_single_round_says_who_keeps_the_lake(workspace: Workspace) -> None:
    workspace.lake.patience = 0.1
    ingest.record(workspace, [Event("e1", "track", PRODUCT_VIEWED, workspace.now(), customer_id="c1")])
    workspace.spool.close()
    with another_process(workspace), pytest.raises(Busy, match="another process"):
        work.run_once(workspace)
    assert work.run_once(workspace) == 1
    assert ingest.counts(workspace) == {PRODUCT_VIEWED: 1}


def test_others_write_to_the_lake_while_customers_are_profiled(workspace: Workspace) -> None:
    ingest.record(workspace, [Event("e1", "track", PRODUCT_VIEWED, workspace.now(), customer_id="c1")])
    workspace.spool.close()
    work.run_once(workspace)
    free = []

    def told(done: int, total: int | None = None, label: str | None = None) -> None:
        with another_process(workspace):
            free.append(label)

    profiles.run(workspace, on_progress=told)
    assert free == ["Reading customers", "Reading events", "Reading interests", "Publishing profiles"]


def test_nobody_is_erased_while_customers_are_profiled(workspace: Workspace) -> None:
    from zhiyin.services import privacy

    people(workspace, 3)
    workspace.lake.patience = 0.1
    refused = []

    def told(done: int, total: int | None = None, label: str | None = None) -> None:
        if label == "Counting segments":  # the profiles are made by then
            return
        other = Workspace.of(workspace.settings)  # as another process: leases belong to one that took them
        other.lake.patience = 0.1
        with pytest.raises(Busy, match="erased"):
            privacy.erase(other, "c0001")
        refused.append(label)

    profiles.run(workspace, on_progress=told)
    assert len(refused) == 4
    privacy.erase(workspace, "c0001")
    assert profiles.run(workspace).customers == 2
