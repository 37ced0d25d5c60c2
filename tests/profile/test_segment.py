"""One segment language, two interpreters: what holds for one customer holds among all, and can say why."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.profile.worlds import NOW, World, rules, worlds

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.domain.segment import Rule
from zhiyin.loop.profile.segment_frame import mark, needs
from zhiyin.loop.profile.segment_python import holds


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds(), several=st.lists(rules(), min_size=1, max_size=8))
def test_both_interpreters_agree(duckdb: Engine, world: World, several: list[Rule]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        profiles, events = world.frames(duckdb, Path(folder), needs(several))
        marked = duckdb.collect(mark(several, profiles, events, NOW)).to_pylist()
    assert len(marked) == len(world.profiles)
    for row in marked:
        own = [event for event in world.events if event.customer_id == row["customer_id"]]
        for i, rule in enumerate(several):
            one = holds(rule, world.traits(row["customer_id"]), own, NOW)
            assert row[f"rule_{i}"] is one, (row["customer_id"], rule)
