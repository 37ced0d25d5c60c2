"""The flow between two moments: a world with the answer by hand, and the laws of its sums."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, Event
from zhiyin.domain.flow import NOT_YET
from zhiyin.loop.profile.features.spending import spending
from zhiyin.loop.profile.flow import flow, stages
from zhiyin.loop.profile.lifecycle import lifecycle

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Row = tuple[str, str, int]  # name, customer, minutes before NOW
DAY = 24 * 60


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def frame(duckdb: Engine, rows: list[Row]) -> nw.LazyFrame[Any]:
    events = [
        Event(f"e{number}", "track", name, ago(minutes), who, amount=100)
        for number, (name, who, minutes) in enumerate(rows)
    ]
    table = events_to_table(events, timezone=ZoneInfo("Asia/Shanghai"), received_at=NOW)
    return duckdb.table(table.append_column("property_previousId", pa.nulls(len(events), pa.string())))


def known(duckdb: Engine, since: dict[str, int | None]) -> nw.LazyFrame[Any]:
    """Customers of whom records know since when, in minutes before NOW."""
    at = [None if minutes is None else ago(minutes).replace(tzinfo=None) for minutes in since.values()]
    kinds = pa.schema([("customer_id", pa.string()), ("created_at", pa.timestamp("us"))])
    return duckdb.table(pa.table({"customer_id": list(since), "created_at": at}, schema=kinds))


def counted(
    duckdb: Engine, rows: list[Row], since: dict[str, int | None], first: int, second: int, gap: int = 10
) -> dict[tuple[str, str], int]:
    found = flow(frame(duckdb, rows), known(duckdb, since), ago(first), ago(second), gap)
    return {(row["start"], row["end"]): row["customers"] for row in duckdb.collect(found).to_pylist()}


def test_a_small_world_has_the_answer_that_is_found_by_hand(duckdb: Engine) -> None:
    days = {
        "ann": (35, 31),  # new, then 31 days without an order
        "bob": (60, 50, 5),  # at risk, then an order after 45 days
        "cid": (2,),  # looked 40 days ago, then bought
        "gus": (100,),  # lapsed all the time
        "hal": (70, 31, 2),  # won back, then an order after 29 days
    }
    rows = [(ORDER_COMPLETED, who, day * DAY) for who, orders in days.items() for day in orders]
    rows += [("Product Viewed", "cid", 40 * DAY), ("Product Viewed", "dee", 3 * DAY)]
    since = {"eve": 100 * DAY, "fay": 10 * DAY, "old": None}  # no event of any of them
    assert counted(duckdb, rows, since, 30 * DAY, 0) == {
        ("new", "lapsed"): 1,
        ("at_risk", "won_back"): 1,
        ("lead", "new"): 1,
        ("lapsed", "lapsed"): 1,
        ("won_back", "active"): 1,
        ("lead", "lead"): 2,
        (NOT_YET, "lead"): 2,
    }


def test_each_moment_has_the_usual_gap_of_its_time(duckdb: Engine) -> None:
    rows = [(ORDER_COMPLETED, "ann", day * DAY) for day in (60, 50, 10)]
    found = duckdb.collect(flow(frame(duckdb, rows), known(duckdb, {}), ago(30 * DAY), NOW)).to_pylist()
    assert [(row["gap_first"], row["gap_second"]) for row in found] == [(10, 25)]


def test_an_empty_lake_has_an_empty_flow(duckdb: Engine) -> None:
    assert counted(duckdb, [], {}, DAY, 0) == {}


names = st.sampled_from((ORDER_COMPLETED, ORDER_COMPLETED, ORDER_REFUNDED, ORDER_CANCELLED, "Product Viewed"))
minutes = st.integers(0, 90 * DAY)
worlds = st.lists(st.tuples(names, st.sampled_from("abcdef"), minutes), max_size=16)
sinces = st.dictionaries(st.sampled_from("adxyz"), minutes | st.none(), max_size=4)
gaps = st.sampled_from((0, 3, 10))


@slow_law(15)
@given(rows=worlds, since=sinces, gap=gaps, moments=st.tuples(minutes, minutes))
def test_rows_and_columns_add_up_to_the_stages_of_their_day(
    duckdb: Engine, rows: list[Row], since: dict[str, int | None], gap: int, moments: tuple[int, int]
) -> None:
    first, second = max(moments), min(moments)
    found = counted(duckdb, rows, since, first, second, gap)
    starts, ends = Counter[str](), Counter[str]()
    for (start, end), customers in found.items():
        starts[start] += customers
        ends[end] += customers
    del starts[NOT_YET]
    for at, sums in ((first, starts), (second, ends)):
        assert sums == stage_sizes(duckdb, rows, since, at, gap)


def stage_sizes(
    duckdb: Engine, rows: list[Row], since: dict[str, int | None], at: int, gap: int
) -> Counter[str]:
    """Sizes at a moment, counted without the verb: events that had happened, and who was known without one."""
    so_far = [row for row in rows if row[2] >= at]
    frame_then = lifecycle(spending(frame(duckdb, so_far), ago(at)), gap).select("lifecycle")
    sizes = Counter(duckdb.collect(frame_then)["lifecycle"].to_pylist())
    seen = {who for _, who, _ in so_far}
    sizes["lead"] += sum(who not in seen and (when is None or when >= at) for who, when in since.items())
    return +sizes


@slow_law(10)
@given(rows=worlds, since=sinces, gap=gaps, moment=minutes)
def test_between_a_moment_and_itself_nobody_moves(
    duckdb: Engine, rows: list[Row], since: dict[str, int | None], gap: int, moment: int
) -> None:
    assert all(start == end for start, end in counted(duckdb, rows, since, moment, moment, gap))


@slow_law(10)
@given(rows=worlds, later=worlds, gap=gaps, moments=st.tuples(minutes, minutes))
def test_what_happens_later_changes_nothing(
    duckdb: Engine, rows: list[Row], later: list[Row], gap: int, moments: tuple[int, int]
) -> None:
    first, second = max(moments), min(moments)
    then = [row for row in rows if row[2] >= second]
    after = [(name, who, at) for name, who, at in later if at < second]
    assert counted(duckdb, then, {}, first, second, gap) == counted(
        duckdb, then + after, {}, first, second, gap
    )


def test_somebody_who_is_known_twice_counts_once(duckdb: Engine) -> None:
    rows: list[Row] = [(ORDER_COMPLETED, "ann", DAY)]
    found = duckdb.collect(stages(frame(duckdb, rows), known(duckdb, {"ann": 9 * DAY}), NOW, 10)).to_pylist()
    assert [(row["customer_id"], row["lifecycle"]) for row in found] == [("ann", "new")]
