"""Visitors without a name: who they turned out to be, where the flow finds them, and that later events change nothing."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import narwhals as nw
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import ORDER_COMPLETED, Event, EventType
from zhiyin.domain.flow import NOT_YET
from zhiyin.loop.profile.flow import flow
from zhiyin.loop.profile.visitors import visitors

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANONYMOUS = "anonymous"


class Row(NamedTuple):
    """What happened so many minutes before NOW, on which device, by whom if that was said."""

    type: EventType
    minutes: int
    device: str | None = None
    who: str | None = None
    previous: str | None = None


def saw(minutes: int, device: str) -> Row:
    return Row("track", minutes, device)


def said(minutes: int, device: str, who: str) -> Row:
    return Row("identify", minutes, device, who)


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def frame(duckdb: Engine, rows: list[Row]) -> nw.LazyFrame[Any]:
    names: dict[EventType, str] = {"track": "Product Viewed"}
    events = [
        Event(f"e{n}", row.type, names.get(row.type, row.type), ago(row.minutes), row.who, row.device)
        for n, row in enumerate(rows)
    ]
    table = events_to_table(events, timezone=ZoneInfo("Asia/Shanghai"), received_at=NOW)
    previous = pa.array([row.previous for row in rows], pa.string())
    return duckdb.table(table.append_column("property_previousId", previous))


def found(duckdb: Engine, rows: list[Row], at: int = 0) -> dict[str, tuple[int, str | None, int | None]]:
    """Since when, who, and since when that is known, by device; in minutes before NOW."""
    seen = duckdb.collect(visitors(frame(duckdb, rows), ago(at))).to_pylist()
    return {
        row["anonymous_id"]: (
            _minutes(row["since"]),
            row["customer_id"],
            row["named_at"] and _minutes(row["named_at"]),
        )
        for row in seen
    }


def _minutes(at: datetime) -> int:
    return (NOW - at.replace(tzinfo=UTC)) // timedelta(minutes=1)


def moved(duckdb: Engine, rows: list[Row], first: int, second: int) -> dict[tuple[str, str], int]:
    nobody = pa.table(
        {"customer_id": pa.array([], pa.string()), "created_at": pa.array([], pa.timestamp("us"))}
    )
    moves = flow(frame(duckdb, rows), duckdb.table(nobody), ago(first), ago(second), 10)
    return {(row["start"], row["end"]): row["customers"] for row in duckdb.collect(moves).to_pylist()}


def test_a_visitor_has_no_name_until_it_says_one(duckdb: Engine) -> None:
    rows = [saw(90, "phone"), saw(80, "phone"), said(60, "phone", "ann"), Row("track", 50, "phone", "ann")]
    assert found(duckdb, rows, at=91) == {}
    assert found(duckdb, rows, at=61) == {"phone": (90, None, None)}
    assert found(duckdb, rows, at=60) == {"phone": (90, "ann", 60)}


def test_an_alias_names_the_earlier_id(duckdb: Engine) -> None:
    rows = [saw(90, "phone"), Row("alias", 60, None, "ann", "phone"), saw(30, "tablet")]
    assert found(duckdb, rows) == {"phone": (90, "ann", 60), "tablet": (30, None, None)}


def test_whose_id_is_that_of_the_device_has_said_nothing(duckdb: Engine) -> None:
    rows = [saw(90, "x"), said(40, "x", "x"), Row("alias", 30, None, "x", "x")]
    assert found(duckdb, rows) == {"x": (90, None, None)}


def test_an_event_that_names_both_links_nothing_and_who_was_never_nameless_is_no_visitor(
    duckdb: Engine,
) -> None:
    rows = [saw(90, "phone"), Row("track", 60, "phone", "ann"), said(50, "laptop", "bob")]
    assert found(duckdb, rows) == {"phone": (90, None, None)}


def test_on_a_shared_device_the_visitor_was_the_first_who_said_so(duckdb: Engine) -> None:
    rows = [saw(90, "phone"), said(50, "phone", "ann"), said(70, "phone", "bob"), said(70, "phone", "cid")]
    assert found(duckdb, rows) == {"phone": (90, "bob", 70)}


def test_the_flow_of_a_small_world_is_the_one_found_by_hand(duckdb: Engine) -> None:
    rows = [
        saw(90, "still"),  # never says anything
        saw(20, "new"),  # came between the days
        saw(90, "phone"), saw(80, "laptop"), said(30, "phone", "ann"), said(20, "laptop", "ann"),  # one person
        saw(30, "late"), said(20, "late", "bob"),  # came and said so between the days
        said(95, "home", "cid"), saw(80, "work"), said(10, "work", "cid"),  # was a customer already
        saw(90, "after"), said(0, "after", "dee"),  # says so after the second day
    ]  # fmt: skip
    assert moved(duckdb, rows, 60, 5) == {
        (ANONYMOUS, ANONYMOUS): 2,
        (NOT_YET, ANONYMOUS): 1,
        (ANONYMOUS, "lead"): 1,
        (NOT_YET, "lead"): 1,
        ("lead", "lead"): 1,
    }


def test_a_visitor_may_become_a_buyer_at_once(duckdb: Engine) -> None:
    rows = [saw(90, "phone"), said(30, "phone", "ann")]
    bought = Event("o", "track", ORDER_COMPLETED, ago(29), "ann", "phone", amount=1)
    order = events_to_table([bought], timezone=ZoneInfo("Asia/Shanghai"), received_at=NOW)
    order = order.append_column("property_previousId", pa.nulls(1, pa.string()))
    nobody = pa.table(
        {"customer_id": pa.array([], pa.string()), "created_at": pa.array([], pa.timestamp("us"))}
    )
    events = nw.concat([frame(duckdb, rows), duckdb.table(order)])
    moves = duckdb.collect(flow(events, duckdb.table(nobody), ago(60), NOW)).to_pylist()
    assert [(row["start"], row["end"], row["customers"]) for row in moves] == [(ANONYMOUS, "new", 1)]


devices, people, minutes = st.sampled_from("pqr"), st.sampled_from("abp"), st.integers(0, 9)
rows_of_worlds = st.lists(
    st.one_of(
        st.builds(saw, minutes, devices),
        st.builds(saw, minutes, devices),
        st.builds(said, minutes, devices, people),
        st.builds(Row, st.just("track"), minutes, devices, people),
        st.builds(Row, st.just("alias"), minutes, devices | st.none(), people, devices),
    ),
    max_size=12,
)


def nameless(rows: list[Row], at: int) -> dict[str, tuple[int, str | None, int | None]]:
    """The same as ``found``, from what had happened by then, without a frame."""
    seen = {}
    for device in "pqr":
        since = [
            row.minutes for row in rows if row.minutes >= at and row.device == device and row.who is None
        ]
        links = [
            (-row.minutes, row.who)
            for row in rows
            if row.minutes >= at and row.who is not None
            and ((row.type == "identify" and row.device == device != row.who)
                 or (row.type == "alias" and row.previous == device != row.who))
        ]  # fmt: skip
        if since:
            named_at, who = min(links) if links else (None, None)
            seen[device] = (max(since), who, None if named_at is None else -named_at)
    return seen


@slow_law(20)
@given(rows=rows_of_worlds, at=minutes)
def test_what_happens_later_changes_nothing(duckdb: Engine, rows: list[Row], at: int) -> None:
    assert found(duckdb, rows, at) == nameless(rows, at)


@slow_law(12)
@given(rows=rows_of_worlds, moments=st.tuples(minutes, minutes))
def test_nobody_is_counted_twice_and_nobody_is_lost(
    duckdb: Engine, rows: list[Row], moments: tuple[int, int]
) -> None:
    first, second = max(moments), min(moments)
    before, after = nameless(rows, first), nameless(rows, second)
    moves = moved(duckdb, rows, first, second)
    starts, ends = Counter[str](), Counter[str]()
    for (start, end), count in moves.items():
        starts[start] += count
        ends[end] += count
    then, now = ({row.who for row in rows if row.minutes >= at and row.who} for at in (first, second))
    unknown = {device for device, (_, who, _) in after.items() if who is None}
    turned_out = {who for since, who, _ in after.values() if since >= first and who is not None}
    assert ends[ANONYMOUS] == len(unknown)
    assert ends["lead"] == len(now)
    assert moves.get(("lead", "lead"), 0) == starts["lead"] == len(then)
    assert moves.get((ANONYMOUS, "lead"), 0) == len(turned_out - then)
    assert starts[ANONYMOUS] <= sum(who is None for _, who, _ in before.values())
