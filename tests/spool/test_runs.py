"""Runs: what was saved is found, however often runs were merged, in ranges of any size."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhiyin.adapters.spool import runs as module
from zhiyin.adapters.spool.runs import Run, Runs, keyed, keys


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.sets(st.integers(0, 300), min_size=1, max_size=12), max_size=40),
    at_once=st.integers(1, 40),
)
def test_every_key_is_found_once_after_any_merges(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    batches: list[set[int]],
    at_once: int,
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    folder, kept, stored = Runs(tmp_path_factory.mktemp("runs")), list[Run](), set[int]()
    for version, batch in enumerate(batches, 1):
        new = [str(one) for one in sorted(batch - stored)]
        if new:
            kept.append(folder.save(f"{version:012d}-0.arrow", pa.table(keyed(keys(new))), version))
        kept = folder.merged(version, kept, lambda rows: rows)
        stored |= batch
    asked = keys([str(one) for one in range(320)])
    times = np.zeros(320, int)
    for where, rows in folder.found(kept, asked):
        assert rows["low"].to_pylist() == asked["low"][where].tolist()
        times[where] += 1
    assert times.tolist() == [int(one in stored) for one in range(320)]
    assert sum(run.rows for run in kept) == len(stored)
    gone = [one for one in range(320) if one % 3]
    kept = folder.without(99, kept, keys([str(one) for one in gone]))
    left = {one for where, _ in folder.found(kept, asked) for one in where.tolist()}
    assert left == stored - set(gone)
