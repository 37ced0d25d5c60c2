"""A standing moved on event by event is what profiling everybody at once would find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import EMAIL_OPENED, ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, Event
from zhiyin.loop.profile.features.spending import spending
from zhiyin.loop.profile.lifecycle import lifecycle
from zhiyin.loop.profile.standing import Standing, moved, stage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GAP = 10


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


def event(number: int, name: str, who: str, minutes: int, amount: int | None) -> Event:
    return Event(f"e{number}", "track", name, NOW - timedelta(minutes=minutes), who, amount=amount)


def rows(events: list[Event]) -> pa.Table:
    return events_to_table(events, timezone=ZoneInfo("Asia/Shanghai"), received_at=NOW)


# no cancellations here: who cancelled every order has a history that sums do not keep
lives = st.lists(
    st.tuples(
        st.sampled_from((ORDER_COMPLETED, ORDER_COMPLETED, ORDER_REFUNDED, "Product Viewed", EMAIL_OPENED)),
        st.sampled_from(("ann", "bob")),
        st.integers(0, 90 * 24 * 60),
        st.integers(0, 10**9) | st.none(),
    ),
    max_size=14,
).map(lambda rows: [event(number, *row) for number, row in enumerate(rows)])


@settings(max_examples=40)
@given(events=lives, cuts=st.lists(st.integers(0, 14), max_size=3))
def test_folding_batches_finds_what_profiling_everybody_finds(
    duckdb: Engine, events: list[Event], cuts: list[int]
) -> None:
    standings: dict[str, Standing] = {}
    edges = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    for start, end in pairwise(edges):
        standings |= moved(standings, rows(events[start:end]))
    full = duckdb.collect(lifecycle(spending(duckdb.table(rows(events)), NOW), GAP)).to_pylist()
    assert set(standings) == {row["customer_id"] for row in full}
    for row in full:
        one = standings[row["customer_id"]]
        for name in ("first_seen", "last_seen", "first_order_at", "last_order_at"):
            at = getattr(one, name)
            assert (at and at.replace(tzinfo=None)) == row[name], name
        assert (one.orders, one.revenue) == (row["orders"], row["revenue"])
        assert one.average_order_value == row["average_order_value"]
        fresh = moved({}, rows(events))[row["customer_id"]]
        assert stage(fresh, NOW, GAP) == row["lifecycle"]


names = st.sampled_from((ORDER_COMPLETED, ORDER_REFUNDED, ORDER_CANCELLED, "Product Viewed", EMAIL_OPENED))


@settings(max_examples=40)
@given(
    told=st.lists(
        st.tuples(names, st.sampled_from(("ann", "bob")), st.integers(0, 9999), st.integers(0, 99))
    ),
    data=st.data(),
)
def test_the_order_of_events_changes_nothing_and_sums_are_those_of_the_events(
    told: list[tuple[str, str, int, int]], data: st.DataObject
) -> None:
    events = [event(number, *one) for number, one in enumerate(told)]
    found = moved({}, rows(events))
    assert found == moved({}, rows(data.draw(st.permutations(events))))
    for who, one in found.items():
        seen = [e for e in events if e.customer_id == who and e.name != EMAIL_OPENED]
        sign = {ORDER_COMPLETED: 1, ORDER_REFUNDED: -1, ORDER_CANCELLED: -1}
        assert one.revenue == sum(sign.get(e.name, 0) * (e.amount or 0) for e in seen)
        count = {ORDER_COMPLETED: 1, ORDER_CANCELLED: -1}
        assert one.orders == max(0, sum(count.get(e.name, 0) for e in seen))
        assert (one.first_seen, one.last_seen) == (
            min(e.timestamp for e in seen),
            max(e.timestamp for e in seen),
        )
        bought = [e.timestamp for e in seen if e.name == ORDER_COMPLETED] if one.orders else []
        assert (one.first_order_at, one.last_order_at) == (
            min(bought, default=None),
            max(bought, default=None),
        )


def test_who_cancelled_every_order_is_a_lead_again() -> None:
    bought = moved({}, rows([event(1, ORDER_COMPLETED, "ann", 60, 100)]))
    gone = moved(bought, rows([event(2, ORDER_CANCELLED, "ann", 30, 100)]))["ann"]
    assert (gone.orders, gone.revenue, gone.first_order_at, stage(gone, NOW, GAP)) == (0, 0, None, "lead")
    assert bought["ann"].orders == 1  # what was given stays as it was


def test_what_the_shop_does_is_not_the_customer_being_seen() -> None:
    assert moved({}, rows([event(1, EMAIL_OPENED, "ann", 5, None)])) == {}
