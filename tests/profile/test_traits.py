"""Traits, RFM and lifecycle in tiny worlds whose right answer is visible."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, Event
from zhiyin.domain.lifecycle import STAGE_RULES, StageRules
from zhiyin.loop.profile.features.spending import spending
from zhiyin.loop.profile.lifecycle import lifecycle
from zhiyin.loop.profile.rfm import borders, cuts, rfm

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Rows = dict[str, dict[str, object]]


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


def profile(
    duckdb: Engine,
    *rows: tuple[str, str | None, float, int | None],
    gap_days: int = 0,
    rules: StageRules = STAGE_RULES,
) -> Rows:
    """Profiles by customer; events are name, customer, days ago, amount."""
    events = [
        Event(f"e{i}", "track", name, NOW - timedelta(days=days), customer, amount=amount)
        for i, (name, customer, days, amount) in enumerate(rows)
    ]
    table = events_to_table(events, timezone=ZoneInfo("Asia/Shanghai"), received_at=NOW)
    summed = spending(duckdb.table(table), NOW)
    found = cuts(duckdb.collect(borders(summed)).to_pylist())
    frame = lifecycle(rfm(summed, found), gap_days, rules)
    return {row["customer_id"]: row for row in duckdb.collect(frame).to_pylist()}


def orders(customer: str, *days: float, amount: int = 100) -> list[tuple[str, str, float, int]]:
    return [(ORDER_COMPLETED, customer, day, amount) for day in days]


def test_what_happens_later_does_not_count(duckdb: Engine) -> None:
    found = profile(duckdb, *orders("ann", 5, 0, -0.00001))["ann"]
    assert (found["orders"], found["recency_days"]) == (2, 0)


def test_nobody_in_particular_has_no_profile(duckdb: Engine) -> None:
    assert profile(duckdb, (ORDER_COMPLETED, None, 1, 100)) == {}


def test_a_message_to_a_customer_is_not_the_customer_being_seen(duckdb: Engine) -> None:
    found = profile(duckdb, ("Product Viewed", "ann", 9, None), ("Email Delivered", "ann", 1, None))
    assert found["ann"]["last_seen"] == (NOW - timedelta(days=9)).replace(tzinfo=None)
    assert profile(duckdb, ("Email Opened", "bob", 1, None)) == {}


def test_who_cancelled_every_order_is_a_lead(duckdb: Engine) -> None:
    found = profile(duckdb, *orders("ann", 9), (ORDER_CANCELLED, "ann", 8, 100))["ann"]
    assert (found["orders"], found["revenue"], found["lifecycle"]) == (0, 0, "lead")
    assert found["last_order_at"] is found["recency_days"] is found["r"] is found["rfm_group"] is None


def test_an_order_without_an_amount_is_an_order(duckdb: Engine) -> None:
    found = profile(
        duckdb, (ORDER_COMPLETED, "ann", 9, None), *orders("ann", 3), (ORDER_REFUNDED, "ann", 1, 150)
    )
    assert (found["ann"]["orders"], found["ann"]["revenue"], found["ann"]["average_order_value"]) == (
        2,
        -50,
        -25,
    )


def test_days_are_counted_across_leap_years(duckdb: Engine) -> None:
    long_ago = datetime(2019, 12, 31, 11, 59, 59, tzinfo=UTC)
    days = (NOW - long_ago) / timedelta(days=1)
    assert profile(duckdb, *orders("ann", days))["ann"]["recency_days"] == (NOW - long_ago).days


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        ((5,), "new"),
        ((10,), "new"),
        ((40, 15), "active"),
        ((46, 15), "won_back"),
        ((90, 15, 14), "active"),
        ((40, 16), "at_risk"),
        ((40, 30), "at_risk"),
        ((40, 31), "lapsed"),
    ],
)
def test_each_stage_has_its_border(duckdb: Engine, days: Sequence[float], stage: str) -> None:
    assert profile(duckdb, *orders("ann", *days), gap_days=10)["ann"]["lifecycle"] == stage


def test_the_usual_gap_is_the_median_customers_average_gap(duckdb: Engine) -> None:
    found = profile(
        duckdb, *orders("a", 30, 20, 10), *orders("b", 40, 10), *orders("c", 90, 10), *orders("once", 5)
    )
    assert {row["gap_days"] for row in found.values()} == {30}


def test_without_repeat_orders_the_gap_is_thirty_days(duckdb: Engine) -> None:
    assert profile(duckdb, *orders("a", 5))["a"]["gap_days"] == 30


def test_five_different_buyers_are_the_five_fifths(duckdb: Engine) -> None:
    rows = [row for i in range(1, 6) for row in orders(f"c{i}", *[60 - 10 * i] * i, amount=100 * i)]
    found = profile(duckdb, *rows, ("Product Viewed", "lead", 1, None))
    assert [(found[f"c{i}"]["r"], found[f"c{i}"]["f"], found[f"c{i}"]["m"]) for i in range(1, 6)] == [
        (i, i, i) for i in range(1, 6)
    ]
    assert found["c5"]["rfm_group"] == "champions"
    assert found["c1"]["rfm_group"] == "lost"
    assert found["lead"]["r"] is None


def test_buyers_who_are_all_alike_are_in_the_middle(duckdb: Engine) -> None:
    found = profile(duckdb, *orders("a", 5), *orders("b", 5), *orders("c", 5))
    assert {(row["r"], row["f"], row["m"]) for row in found.values()} == {(3, 3, 3)}


@slow_law(12)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 5)), min_size=1, max_size=30))
def test_scores_follow_their_definition(duckdb: Engine, buyers: list[tuple[int, int, int]]) -> None:
    rows = [
        row
        for i, (day, often, price) in enumerate(buyers)
        for row in orders(f"c{i}", *[day] * often, amount=price)
    ]
    found = profile(duckdb, *rows)
    for column, score in (("recency_days", "r"), ("orders", "f"), ("revenue", "m")):
        sign = -1 if score == "r" else 1
        values = [sign * int(str(row[column])) for row in found.values()]
        for row in found.values():
            own = sign * int(str(row[column]))
            below, equal = sum(v < own for v in values), values.count(own)
            assert row[score] == 1 + 5 * (2 * below + equal) // (2 * len(values))


@pytest.mark.parametrize(
    ("days", "own", "shop"),
    [
        ((30,), "at_risk", "at_risk"),  # one order tells nothing of one's own
        ((76, 46, 16), "active", "at_risk"),  # (20 + 60) / 4 = 20 days
        ((20, 19, 18, 17, 16), "lapsed", "at_risk"),  # (20 + 4) / 6 = 4
        ((18, 17, 16, 15, 14, 13), "lapsed", "active"),  # (20 + 5) / 7 = 4
        ((8, 7, 6, 5), "active", "new"),  # (20 + 3) / 5 = 5: a burst is over sooner
        ((46, 15), "won_back", "won_back"),  # the gap before the last order was the shop's
        ((98, 75, 52, 15), "active", "won_back"),  # 37 days are less than 3 times 17
    ],
)
def test_stages_by_the_customers_own_rhythm(
    duckdb: Engine, days: Sequence[float], own: str, shop: str
) -> None:
    for rules, stage in ((StageRules(personal=True), own), (STAGE_RULES, shop)):
        assert profile(duckdb, *orders("ann", *days), gap_days=10, rules=rules)["ann"]["lifecycle"] == stage
