"""The files of a market: read back as they were made, whatever the format and the size of the parts."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from zhiyin.domain.errors import Conflict, ZhiyinError
from zhiyin.simulate import files
from zhiyin.simulate.market import BLOCK, Market

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


def read(folder: Path, told: dict, kind: str) -> pa.Table:
    return pa.concat_tables([pyarrow.parquet.read_table(folder / name) for name in told["files"][kind]])


def test_files_do_not_depend_on_the_size_of_the_parts(tmp_path: Path) -> None:
    market = Market(2 * BLOCK + 10, UNTIL)
    one = files.write(market, tmp_path / "one", "parquet")
    many = files.write(market, tmp_path / "many", "parquet", part=1)
    assert one["files"]["orders"] == ["orders.parquet"]
    assert many["files"]["orders"] == ["orders-001.parquet", "orders-002.parquet", "orders-003.parquet"]
    for kind in files.DATASETS:
        assert read(tmp_path / "one", one, kind).equals(read(tmp_path / "many", many, kind))
    assert one["rows"] == many["rows"]
    assert one["truth"] == many["truth"]


@pytest.mark.parametrize("format", files.FORMATS)
def test_every_format_holds_the_same_rows(tmp_path: Path, format: str) -> None:
    market = Market(200, UNTIL)
    told = files.write(market, tmp_path, format)
    block = market.block(0)
    expected = market.order_table(block, market.orders(block))
    (name,) = told["files"]["orders"]
    path = tmp_path / name
    if format == "parquet":
        rows = pyarrow.parquet.read_table(path).to_pylist()
    elif format.startswith("csv"):
        rows = pyarrow.csv.read_csv(path).to_pylist()
    else:
        text = gzip.decompress(path.read_bytes()) if format.endswith("gz") else path.read_bytes()
        rows = [json.loads(line) for line in text.splitlines()]
    assert told["rows"]["orders"] == len(rows) == expected.num_rows
    assert [row["order_id"] for row in rows] == expected["order_id"].to_pylist()
    assert [float(row["price"]) for row in rows] == [float(p) for p in expected["price"].to_pylist()]
    assert [row["customer_id"] or None for row in rows] == expected["customer_id"].to_pylist()


def test_the_manifest_tells_the_truth_over_all_customers(tmp_path: Path) -> None:
    market = Market(BLOCK + 50, UNTIL)
    told = json.loads(json.dumps(files.write(market, tmp_path, "parquet")))
    assert told == json.loads((tmp_path / files.MANIFEST).read_text())
    truth = market.truth()
    assert told["truth"]["effect"] == pytest.approx(truth.effect())
    assert told["truth"]["revenue_effect"] == pytest.approx(truth.revenue_effect())
    assert sum(told["truth"]["groups"].values()) == market.customers


def test_a_folder_with_a_market_is_left_alone(tmp_path: Path) -> None:
    files.write(Market(5, UNTIL), tmp_path)
    with pytest.raises(Conflict, match="already"):
        files.write(Market(5, UNTIL), tmp_path)


def test_an_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ZhiyinError, match=r"csv\.gz"):
        files.write(Market(5, UNTIL), tmp_path, "xml")
