"""Rows that were changed since a dataset was written stand in the place of those that were."""

from __future__ import annotations

from pathlib import Path

import narwhals as nw
import pyarrow as pa
import pytest

from zhiyin.adapters.lake import Lake
from zhiyin.adapters.lake.datasets import PROFILES


def rows(**orders: int) -> pa.Table:
    told = [
        {**dict.fromkeys(PROFILES.schema.names), "customer_id": who, "orders": n, "traits": f'{{"n":"{n}"}}'}
        for who, n in orders.items()
    ]
    return pa.Table.from_pylist(told, schema=PROFILES.schema)


def orders(lake: Lake, of: list[str] | None = None) -> dict[str, int]:
    table = lake.collect(lake.frame("profiles", {"n": "traits.n"}, of=of))
    assert [str(n) for n in table["orders"].to_pylist()] == table["n"].to_pylist()
    assert table.num_rows == len(set(table["customer_id"].to_pylist()))
    return dict(zip(table["customer_id"].to_pylist(), table["orders"].to_pylist(), strict=True))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    found = Lake(tmp_path / "lake", patience=0.2)
    found.replace("profiles", rows(ann=1, bob=2, cid=3))
    return found


def test_changed_and_new_rows_are_read_and_the_others_stay(lake: Lake) -> None:
    assert lake.change("profiles", rows(bob=20, dee=4)) == 2
    assert orders(lake) == {"ann": 1, "bob": 20, "cid": 3, "dee": 4}
    assert lake.change("profiles", rows(bob=21, ann=10)) == 3
    assert orders(lake) == {"ann": 10, "bob": 21, "cid": 3, "dee": 4}
    assert lake.count("profiles") == 3  # nothing of the dataset itself was written


def test_changing_again_changes_nothing(lake: Lake) -> None:
    for _ in range(2):
        assert lake.change("profiles", rows(bob=20)) == 1
        assert orders(lake) == {"ann": 1, "bob": 20, "cid": 3}


def test_a_dataset_written_anew_has_no_changes_from_before(lake: Lake) -> None:
    lake.change("profiles", rows(bob=20))
    lake.replace("profiles", rows(ann=5, bob=6))
    assert orders(lake) == {"ann": 5, "bob": 6}
    assert lake.change("profiles", rows(ann=50)) == 1
    assert orders(lake) == {"ann": 50, "bob": 6}


def test_folded_changes_are_the_dataset(lake: Lake) -> None:
    lake.change("profiles", rows(bob=20, dee=4))
    before = orders(lake)
    lake.fold("profiles")
    assert orders(lake) == before
    assert lake.count("profiles") == 4
    assert lake.change("profiles", rows(cid=30)) == 1
    assert orders(lake) == {**before, "cid": 30}


def test_what_is_erased_is_gone_from_both_and_the_rest_stays_changed(lake: Lake) -> None:
    lake.change("profiles", rows(ann=10, bob=20))
    assert lake.erase(["bob"]) == {"profiles": 1, "profiles_changed": 1}
    assert orders(lake) == {"ann": 10, "cid": 3}
    lake.vacuum(keep_hours=0)
    lake.forget()
    assert orders(lake) == {"ann": 10, "cid": 3}


def test_only_those_asked_for_are_read(lake: Lake) -> None:
    lake.change("profiles", rows(bob=20))
    assert orders(lake, ["bob", "cid", "nobody"]) == {"bob": 20, "cid": 3}
    assert orders(lake, []) == {}


def test_changes_without_a_dataset_are_all_there_is(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.change("profiles", rows(ann=1))
    assert orders(lake) == {"ann": 1}


def test_changes_are_found_by_what_is_asked(lake: Lake) -> None:
    lake.change("profiles", rows(bob=20))
    found = lake.frame("profiles", {"n": "traits.n"}).filter(nw.col("n") == "20").select("customer_id")
    assert lake.collect(found)["customer_id"].to_pylist() == ["bob"]
