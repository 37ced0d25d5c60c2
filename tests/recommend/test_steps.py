"""Events become steps: what stood counts, what was undone does not."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.adapters.lake import Lake
from zhiyin.adapters.lake.engines import Engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import (
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
    Event,
    Line,
)
from zhiyin.loop.recommend.at_once import FOUND, at_once
from zhiyin.loop.recommend.steps import COLUMNS, between, relevant, steps

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(
    name: str,
    *items: str,
    customer: str | None = "ann",
    order: str | None = None,
    amount: int | None = None,
    days_ago: int = 0,
) -> Event:
    event.number += 1  # type: ignore[attr-defined]
    return Event(
        event_id=f"e{event.number}",  # type: ignore[attr-defined]
        type="track",
        name=name,
        timestamp=NOW - timedelta(days=days_ago),
        customer_id=customer,
        order_id=order,
        amount=amount,
        products=tuple(Line(item) for item in items),
    )


event.number = 0  # type: ignore[attr-defined]


def found(folder: Path, *events: Event, until: datetime | None = None) -> list[dict[str, Any]]:
    lake = Lake(folder / "lake")
    rows = events_to_table(events, timezone=ZoneInfo("Asia/Shanghai"), received_at=NOW)
    lake.append("events", rows, app_id="test", version=1)
    cut = between(lake.events(), None, until and until.replace(tzinfo=None))
    table = lake.collect(steps(cut)).select(COLUMNS).sort_by([(name, "ascending") for name in COLUMNS])
    known = at_once(lake.collect(relevant(cut))).sort_by([(name, "ascending") for name in FOUND])
    assert known.to_pylist() == table.select(FOUND).to_pylist()
    return table.to_pylist()


def kinds(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["customer_id"], row["item_id"], row["kind"]) for row in rows]


def test_orders_additions_and_views_become_steps_one_each_time(tmp_path: Path) -> None:
    rows = found(
        tmp_path,
        event(ORDER_COMPLETED, "tea", "cup", order="1", days_ago=9),
        event(ORDER_COMPLETED, "tea", order="2", days_ago=4),
        event(PRODUCT_ADDED, "pot", days_ago=3),
        event(PRODUCT_VIEWED, "pot", days_ago=2),
        event(PRODUCT_VIEWED, "tea", customer=None),
        event("Email Opened"),
    )
    assert kinds(rows) == [
        ("ann", "cup", "bought"),
        ("ann", "pot", "added"),
        ("ann", "pot", "viewed"),
        ("ann", "tea", "bought"),
        ("ann", "tea", "bought"),
    ]
    tea = rows[-1]
    assert (tea["order_id"], tea["at"]) == ("2", (NOW - timedelta(days=4)).replace(tzinfo=None))


def test_a_cancelled_order_does_not_count(tmp_path: Path) -> None:
    rows = found(
        tmp_path,
        event(ORDER_COMPLETED, "tea", order="1"),
        event(ORDER_COMPLETED, "cup", order="2"),
        event(ORDER_CANCELLED, order="1"),
    )
    assert kinds(rows) == [("ann", "cup", "bought")]


def test_a_full_refund_undoes_the_order_and_a_part_of_it_does_not(tmp_path: Path) -> None:
    rows = found(
        tmp_path,
        event(ORDER_COMPLETED, "tea", order="1", amount=900),
        event(ORDER_REFUNDED, order="1", amount=500),
        event(ORDER_REFUNDED, order="1", amount=400),
        event(ORDER_COMPLETED, "cup", order="2", amount=900),
        event(ORDER_REFUNDED, order="2", amount=100),
    )
    assert kinds(rows) == [("ann", "cup", "bought")]


def test_a_returned_line_is_taken_out_of_its_order_only(tmp_path: Path) -> None:
    rows = found(
        tmp_path,
        event(ORDER_COMPLETED, "tea", "cup", order="1", amount=900),
        event(ORDER_REFUNDED, "tea", order="1", amount=300),
        event(ORDER_COMPLETED, "tea", order="2", customer="bob", amount=300),
    )
    assert kinds(rows) == [("ann", "cup", "bought"), ("bob", "tea", "bought")]


def test_a_return_under_an_order_of_its_own_takes_out_what_was_bought(tmp_path: Path) -> None:
    rows = found(
        tmp_path,
        event(ORDER_COMPLETED, "tea", "cup", order="536365"),
        event(ORDER_CANCELLED, "tea", order="C536379"),
        event(ORDER_COMPLETED, "pot", order="7"),
        event(ORDER_COMPLETED, "pot", order="8"),
        event(ORDER_REFUNDED, "pot", order=None),
    )
    assert kinds(rows) == [("ann", "cup", "bought"), ("ann", "pot", "bought"), ("ann", "pot", "bought")]


def test_an_order_without_an_id_counts(tmp_path: Path) -> None:
    rows = found(tmp_path, event(ORDER_COMPLETED, "tea"), event(ORDER_CANCELLED, "cup"))
    assert kinds(rows) == [("ann", "tea", "bought")]


def test_what_happened_after_the_cut_is_not_known_before_it(tmp_path: Path) -> None:
    events = [
        event(ORDER_COMPLETED, "tea", order="1", days_ago=9),
        event(ORDER_CANCELLED, order="1", days_ago=1),
        event(ORDER_COMPLETED, "cup", order="2", days_ago=5),
    ]
    before = found(tmp_path, *events, until=NOW - timedelta(days=5))
    assert kinds(before) == [("ann", "tea", "bought")]


orders = st.sampled_from(["1", "2", "3", None])
happenings = st.builds(
    lambda name, items, customer, order, amount: event(
        name, *items, customer=customer, order=order, amount=amount
    ),
    st.sampled_from([ORDER_COMPLETED, ORDER_COMPLETED, ORDER_REFUNDED, ORDER_CANCELLED, PRODUCT_VIEWED]),
    st.lists(st.sampled_from(["tea", "cup"]), max_size=3),
    st.sampled_from(["ann", "bob"]),
    orders,
    st.sampled_from([None, 0, 300, 600]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(happenings, min_size=1, max_size=8))
def test_a_few_customers_read_at_once_have_the_steps_of_the_query(events: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found(Path(folder), *events)  # compares the two


@pytest.mark.spark
def test_spark_finds_the_same_steps(spark: Engine, tmp_path: Path) -> None:
    events = [
        event(ORDER_COMPLETED, "tea", "cup", order="1", amount=900, days_ago=40),
        event(ORDER_REFUNDED, "tea", order="1", amount=300),
        event(ORDER_COMPLETED, "pot", order="2", amount=500),
        event(ORDER_CANCELLED, order="2", amount=500),
        event(PRODUCT_VIEWED, "pot", customer="bob"),
    ]
    duckdb = found(tmp_path, *events)
    other = Lake(tmp_path / "lake", engine_name="spark")
    other.__dict__["engine"] = spark
    frame = steps(between(other.events(), NOW.replace(tzinfo=None) - timedelta(days=99)))
    rows = other.collect(frame).select(COLUMNS).sort_by([(name, "ascending") for name in COLUMNS]).to_pylist()
    assert [{name: row[name] for name in COLUMNS} for row in rows] == [
        {name: row[name] for name in COLUMNS} for row in duckdb
    ]
