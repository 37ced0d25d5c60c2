"""The worker's rounds: what is idle is tidied."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pyarrow as pa
import pytest

from zhiyin.adapters import clock
from zhiyin.adapters.lake.datasets import ITEMS
from zhiyin.adapters.lake.store import Lake
from zhiyin.services import work
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
