"""A customer's history of stages says at every moment what profiling would have said then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, Event
from zhiyin.domain.lifecycle import STAGE_RULES, StageRules
from zhiyin.loop.profile.features.spending import spending
from zhiyin.loop.profile.lifecycle import lifecycle
from zhiyin.loop.profile.transitions import transitions

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICROS = 120 * 86_400_000_000


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def told(
    *orders: int,
    until: int = 200,
    cancelled: tuple[int, ...] = (),
    known: int | None = None,
    seen: int | None = None,
    rules: StageRules = STAGE_RULES,
) -> list[tuple[str, int]]:
    found = transitions(
        [day(order) for order in orders], 10, day(until),
        cancelled=[day(order) for order in cancelled], known_since=None if known is None else day(known),
        visitor_since=None if seen is None else day(seen), rules=rules,
    )  # fmt: skip
    return [(one.stage.value, (one.at - day(0)).days) for one in found]


def test_a_life_is_told_with_its_days() -> None:
    assert told(5, 20, 100, known=0) == [
        ("lead", 0), ("new", 5), ("active", 16), ("at_risk", 36), ("lapsed", 51), ("won_back", 100),
        ("at_risk", 116), ("lapsed", 131),
    ]  # fmt: skip


def test_nothing_after_the_moment_is_told() -> None:
    assert told(5, 20, 100, until=40) == [("new", 5), ("active", 16), ("at_risk", 36)]
    assert told(until=3) == []


def test_a_visitor_comes_before_everything_else() -> None:
    assert told(5, seen=1, known=3, until=6) == [("anonymous", 1), ("lead", 3), ("new", 5)]
    assert told(5, seen=1, until=6) == [("anonymous", 1), ("new", 5)]
    assert told(5, seen=5, until=6) == told(5, seen=6, known=2, until=6)[1:] == [("new", 5)]
    assert told(seen=1, until=3) == [("anonymous", 1)]
    assert told(seen=4, until=3) == []


def test_who_cancels_every_order_is_a_lead_again() -> None:
    assert told(5, cancelled=(6,)) == [("new", 5), ("lead", 6)]


def test_each_order_makes_the_gap_the_customers_own() -> None:
    """Every 40 days, in a shop where 10 are usual: (20 + 40) / 3 = 20 days after the second order, 25 and 28 then."""
    own = replace(STAGE_RULES, personal=True)
    assert told(0, 40, 80, 120, until=250, rules=own) == [
        ("new", 0), ("active", 11), ("at_risk", 16), ("lapsed", 31),
        ("won_back", 40),  # lapsed by what was known of them then
        ("at_risk", 71), ("active", 80), ("at_risk", 118), ("active", 120), ("at_risk", 163), ("lapsed", 205),
    ]  # fmt: skip
    assert ("lapsed", 111) in told(0, 40, 80)  # the shop's gap has them lapse each time


def test_who_buys_often_is_at_risk_earlier() -> None:
    own = replace(STAGE_RULES, personal=True)
    often = tuple(range(0, 40, 2))  # every two days: (20 + 38) / 21 = 3
    assert told(*often, rules=own)[-3:] == [("active", 6), ("at_risk", 43), ("lapsed", 48)]


times = st.lists(st.integers(0, MICROS), max_size=7)
rules = st.builds(
    replace,
    st.sampled_from((StageRules(), StageRules.of(0.5, 0.75, 4), StageRules.of(2, 2, 2.33))),
    personal=st.booleans(),
)


@settings(max_examples=60)
@given(bought=times, back=times, gap=st.integers(1, 20), rules=rules, moment=st.integers(0, MICROS))
def test_the_history_agrees_with_profiling_at_any_moment(
    duckdb: Engine, bought: list[int], back: list[int], gap: int, rules: StageRules, moment: int
) -> None:
    back = back[: len(bought)]
    named = [(ORDER_COMPLETED, micros) for micros in bought] + [(ORDER_CANCELLED, micros) for micros in back]
    events = [
        Event(f"e{number}", "track", name, NOW - timedelta(microseconds=micros), "ann", amount=1)
        for number, (name, micros) in enumerate(named)
    ]
    at = NOW - timedelta(microseconds=moment)
    table = events_to_table(events, timezone=ZoneInfo("Asia/Shanghai"), received_at=NOW)
    rows = duckdb.collect(lifecycle(spending(duckdb.table(table), at), gap, rules)).to_pylist()
    history = transitions(
        [event.timestamp for event in events if event.name == ORDER_COMPLETED], gap, NOW,
        cancelled=[event.timestamp for event in events if event.name == ORDER_CANCELLED], rules=rules,
    )  # fmt: skip
    then = [one.stage.value for one in history if one.at <= at]
    assert then[-1:] == [row["lifecycle"] for row in rows]


@pytest.mark.parametrize("gaps", [(0, 1.5, 3), (2, 1.5, 3), (1, 3, 3), (1, 4, 3), (-1, 1, 2)])
def test_stages_that_do_not_follow_each_other_are_refused(gaps: tuple[float, float, float]) -> None:
    with pytest.raises(BadSetting, match="do not follow each other"):
        StageRules.of(*gaps)
