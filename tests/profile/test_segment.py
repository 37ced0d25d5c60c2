"""One segment language, two interpreters: what holds for one customer holds among all, and can say why."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.profile.worlds import NOW, NUMBERS, TEXTS, World, rules, worlds

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.domain.event import Event, Line
from zhiyin.domain.segment import Rule, parse
from zhiyin.loop.profile.segment_frame import mark, needs
from zhiyin.loop.profile.segment_python import holds


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds(), several=st.lists(rules(2), min_size=12, max_size=12))
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


def test_every_value_against_every_comparison(duckdb: Engine, tmp_path: Path) -> None:
    values = [
        *TEXTS,
        *NUMBERS,
        True,
        False,
        None,
        [1],
        {"a": 1},
        1e21,
        1e-7,
        12345678901234567,
        "12345678901234567",
    ]
    profiles = {
        f"c{i}": {"customer_id": f"c{i}", "traits": {"city": value}, "orders": i - 3, "email_consent": None}
        for i, value in enumerate(values)
    }
    events = [
        Event(f"e{i}", "track", "Bought", NOW, f"c{i}", properties={"city": value})
        for i, value in enumerate(values)
    ]
    forms: list[dict[str, object]] = [
        {"trait": "city", operator: value}
        for operator in ("is", "is_not")
        for value in (*TEXTS, *NUMBERS, True, 12345678901234567 % 10**15)
    ]
    forms += [{"trait": "orders", "is": value} for value in (*TEXTS, *NUMBERS, True)]
    forms += [{"trait": "city", operator: n} for operator in ("at_least", "at_most") for n in NUMBERS]
    forms += [{"trait": "city", "within_days": days} for days in (1, 3, 4)]
    forms += [{"trait": "city", "exists": True}, {"trait": "city", "contains": "3"}]
    forms += [{"did": "Bought", "where": {"city": v}} for v in (*TEXTS[1:], *NUMBERS, True) if str(v)]
    _agree(duckdb, tmp_path, World(profiles, events), [parse(form) for form in forms])


def test_item_and_category_must_hold_on_one_line(duckdb: Engine, tmp_path: Path) -> None:
    world = World(
        {i: {"customer_id": i, "traits": {}} for i in ("same", "apart", "none", "null")},
        [
            Event("1", "track", "Bought", NOW, "same", products=(Line("y"), Line("x", category="Tea"))),
            Event("2", "track", "Bought", NOW, "apart", products=(Line("x"), Line("y", category="Tea"))),
            Event("3", "track", "Bought", NOW, "none"),
        ],
    )
    rule = parse({"did": "Bought", "where": {"item_id": "x", "category": "Tea"}})
    assert _agree(duckdb, tmp_path, world, [rule]) == [["same"]]


def test_the_borders_of_a_span_of_days(duckdb: Engine, tmp_path: Path) -> None:
    edge, moment = NOW - timedelta(days=3), timedelta(microseconds=1)
    at = {"before": edge - moment, "on": edge, "inside": edge + moment, "now": NOW, "later": NOW + moment}
    world = World(
        {i: {"customer_id": i, "last_order_at": when, "traits": {}} for i, when in at.items()},
        [Event(i, "track", "Bought", when, i) for i, when in at.items()],
    )
    several = [
        parse({"trait": "last_order_at", "within_days": 3}),
        parse({"did": "Bought", "within_days": 3}),
    ]
    assert _agree(duckdb, tmp_path, world, several) == [["inside", "now"], ["inside", "now"]]


def _agree(duckdb: Engine, folder: Path, world: World, several: list[Rule]) -> list[list[str]]:
    """Members of each rule, the same by both interpreters."""
    profiles, events = world.frames(duckdb, folder, needs(several))
    marked = duckdb.collect(mark(several, profiles, events, NOW)).to_pylist()
    members = [sorted(row["customer_id"] for row in marked if row[f"rule_{i}"]) for i in range(len(several))]
    for rule, found in zip(several, members, strict=True):
        one = [
            customer_id
            for customer_id in world.profiles
            if holds(
                rule,
                world.traits(customer_id),
                [e for e in world.events if e.customer_id == customer_id],
                NOW,
            )
        ]
        assert found == sorted(one), rule
    return members
