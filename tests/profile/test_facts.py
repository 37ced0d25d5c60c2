"""The facts of the whole shop: what finds them, and that scores by them are those of the fifths."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import ORDER_COMPLETED, Event
from zhiyin.loop.profile.facts import Facts, facts, measured
from zhiyin.loop.profile.features.spending import spending
from zhiyin.loop.profile.rfm import rfm

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


def of(duckdb: Engine, *orders: tuple[str, float, int], chosen: int = 0) -> Facts:
    """The facts of orders: customer, days ago, amount."""
    return facts(duckdb.collect(measured(summed(duckdb, *orders))).to_pylist(), chosen)


def summed(duckdb: Engine, *orders: tuple[str, float, int]):  # type: ignore[no-untyped-def]
    events = [
        Event(f"e{i}", "track", ORDER_COMPLETED, NOW - timedelta(days=days), who, amount=amount)
        for i, (who, days, amount) in enumerate(orders)
    ]
    return spending(
        duckdb.table(events_to_table(events, timezone=ZoneInfo("Asia/Shanghai"), received_at=NOW)), NOW
    )


def test_five_buyers_are_the_borders_of_five_fifths(duckdb: Engine) -> None:
    found = of(duckdb, *((f"c{i}", 60 - 10 * i, 100 * i) for i in range(1, 6)))
    assert found == Facts(
        None, {"r": (-40, -30, -20, -10), "f": (1, 1, None, None), "m": (200, 300, 400, 500)}
    )
    assert found.gap_days == 30


def test_the_gap_is_measured_unless_the_shop_has_chosen_one(duckdb: Engine) -> None:
    twice = (("ann", 30, 1), ("ann", 10, 1))
    assert (of(duckdb, *twice).gap_days, of(duckdb, *twice, chosen=7).gap_days) == (20, 7)


def test_a_shop_without_orders_has_no_borders_and_gives_no_scores(duckdb: Engine) -> None:
    assert of(duckdb) == Facts()
    (row,) = duckdb.collect(rfm(summed(duckdb, ("ann", 1, 1)), {})).to_pylist()
    assert (row["r"], row["f"], row["m"], row["rfm_group"]) == (None, None, None, None)


def test_whoever_comes_later_is_placed_between_the_borders(duckdb: Engine) -> None:
    known = of(duckdb, *((f"c{i}", 60 - 10 * i, 100 * i) for i in range(1, 6)))
    later = summed(duckdb, ("low", 99, 1), ("mid", 25, 250), ("high", 0, 10_000))
    rows = {row["customer_id"]: row for row in duckdb.collect(rfm(later, known.cuts)).to_pylist()}
    assert [(rows[who]["r"], rows[who]["m"]) for who in ("low", "mid", "high")] == [(1, 1), (3, 2), (5, 5)]


numbers = st.integers(-(10**12), 10**12) | st.none()


known = st.builds(
    Facts,
    st.none() | st.integers(1, 999),
    st.dictionaries(st.sampled_from("rfm"), st.tuples(*[numbers] * 4)),
)


@settings(max_examples=50)
@given(known)
def test_facts_survive_being_kept(known: Facts) -> None:
    assert Facts.load(json.loads(json.dumps(known.dump()))) == known


def test_an_older_run_told_nothing() -> None:
    assert Facts.load({}) == Facts()
