"""The lake: what is appended once stays once, and what is erased is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import narwhals as nw
import pyarrow as pa
import pytest

from zhiyin.adapters.lake import Lake
from zhiyin.adapters.lake.datasets import DATASETS
from zhiyin.adapters.lake.rows import event_of, events_to_table
from zhiyin.domain.errors import Busy
from zhiyin.domain.event import ORDER_COMPLETED, Event, Line

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def order(number: int, customer: str | None = "ann", days_ago: int = 0) -> Event:
    return Event(
        event_id=f"order:{number}",
        type="track",
        name=ORDER_COMPLETED,
        timestamp=NOW - timedelta(days=days_ago),
        customer_id=customer,
        order_id=str(number),
        amount=1000 * number,
        currency="CNY",
        products=(Line("tea", 2, 500, "Tea"),),
        properties={"coupon": "SPRING", "gift": True},
    )


def table(*events: Event) -> pa.Table:
    return events_to_table(events, timezone=ZoneInfo("Asia/Shanghai"), received_at=NOW)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", patience=0.2)


def test_empty_lake_has_empty_frames(lake: Lake) -> None:
    for dataset in DATASETS.values():
        assert lake.collect(lake.frame(dataset.name)).schema.names == dataset.schema.names


def test_events_come_back_as_they_went_in(lake: Lake) -> None:
    events = [order(1), order(2, None), order(3, days_ago=400)]
    lake.append("events", table(*events), app_id="a", version=1)
    rows = lake.collect(lake.events().sort("event_id")).to_pylist()
    assert [event_of(row) for row in rows] == events


def test_the_same_version_is_appended_once(lake: Lake) -> None:
    assert lake.append("events", table(order(1)), app_id="a", version=1)
    assert not lake.append("events", table(order(1)), app_id="a", version=1)
    assert lake.count("events") == 1


def test_append_new_keeps_the_first_of_equal_keys_and_skips_known_ones(lake: Lake) -> None:
    assert lake.append_new("events", table(order(1), order(1), order(2)), app_id="a", version=1) == 2
    assert lake.append_new("events", table(order(2), order(3)), app_id="b", version=1) == 1
    assert lake.count("events") == 3


def test_properties_become_columns(lake: Lake) -> None:
    lake.append("events", table(order(1)), app_id="a", version=1)
    frame = lake.events(properties=["coupon", "gift", "absent"])
    (row,) = lake.collect(frame.select(nw.selectors.matches("^property_"))).to_pylist()
    assert row == {"property_coupon": "SPRING", "property_gift": "true", "property_absent": None}


def test_a_key_that_could_break_out_of_the_query_is_refused(lake: Lake) -> None:
    with pytest.raises(ValueError, match="cannot be extracted"):
        lake.events(properties=["a'); DROP"])


def test_erase_removes_a_customer_and_vacuum_their_bytes(lake: Lake) -> None:
    lake.append("events", table(order(1, "ann"), order(2, "o'hara"), order(3, "bob")), app_id="a", version=1)
    assert lake.erase(["ann", "o'hara"])["events"] == 2
    assert lake.collect(lake.events().select("customer_id"))["customer_id"].to_pylist() == ["bob"]
    lake.vacuum(keep_hours=0)
    kept = list((lake.folder / "events").rglob("*.parquet"))
    assert len(kept) == 1


def test_compaction_keeps_every_row(lake: Lake) -> None:
    for number in range(5):
        lake.append("events", table(order(number)), app_id="a", version=number + 1)
    assert lake.compact("events") == 5
    assert len(lake.files("events")) == 1
    assert lake.count("events") == 5


def test_upsert_replaces_by_key(lake: Lake) -> None:
    def items(*rows: tuple[str, str]) -> pa.Table:
        schema = DATASETS["items"].schema
        blank = dict.fromkeys(schema.names)
        return pa.Table.from_pylist(
            [{**blank, "item_id": item, "name": name} for item, name in rows], schema=schema
        )

    lake.upsert("items", items(("1", "Oolong"), ("2", "Longjing")))
    lake.upsert("items", items(("2", "Longjing, first pick"), ("3", "Dancong")))
    names = lake.collect(lake.items().sort("item_id"))["name"].to_pylist()
    assert names == ["Oolong", "Longjing, first pick", "Dancong"]


def test_a_second_writer_waits_and_then_says_so(lake: Lake) -> None:
    other = Lake(lake.folder, patience=0.2)
    with lake.writing(), pytest.raises(Busy, match="another process"):
        other.append("events", table(order(1)), app_id="a", version=1)
    assert other.append("events", table(order(1)), app_id="a", version=1)


def test_another_thread_of_the_same_lake_waits_too(lake: Lake) -> None:
    with lake.writing(), ThreadPoolExecutor(1) as pool:
        with lake.writing():  # the same thread may nest
            refused = pool.submit(lambda: lake.append("events", table(order(1)), app_id="a", version=1))
        with pytest.raises(Busy):
            refused.result()


def test_keys_are_looked_up_and_removed_however_many(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.among("events", ["order:1"]) == set()
    assert lake.remove_keys("events", ["order:1"]) == 0
    lake.append(
        "events",
        table(*(order(number, days_ago=number % 40) for number in range(100))),
        app_id="a",
        version=1,
    )
    many = [f"order:{number}" for number in range(50, 100_000)]
    assert lake.among("events", [*many, "order:'1"]) == {f"order:{number}" for number in range(50, 100)}
    assert lake.remove_keys("events", many) == 50
    assert lake.remove_keys("events", []) == 0
    assert lake.count("events") == 50
