"""market → files as a shop would export them, and the truth beside them; constant memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from zhiyin.domain.errors import Conflict, ZhiyinError
from zhiyin.simulate.market import Market
from zhiyin.simulate.response import GROUPS

FORMATS = ("csv", "csv.gz", "jsonl", "jsonl.gz", "parquet")
DATASETS = ("customers", "items", "orders", "events", "truth")
PART = 100  # blocks in a file: 200,000 customers
MANIFEST = "market.json"


class Sink(Protocol):
    """Takes tables of one schema."""

    def write(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


def write(
    market: Market,
    folder: Path,
    format: str = "csv",
    *,
    part: int = PART,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write all files of a market; returns what stands in ``market.json``.

    One file per dataset and ``part`` blocks of customers. Raises ``Conflict`` where the folder has a market
    already, ``ZhiyinError`` for an unknown format.
    """
    if format not in FORMATS:
        raise ZhiyinError(f"There is no format {format!r}.", fix=f"Use one of {', '.join(FORMATS)}.")
    folder = Path(folder).expanduser()
    if (folder / MANIFEST).exists():
        raise Conflict(f"{folder} holds a simulated market already.", fix="Remove it, or use another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, list[str]] = {name: [] for name in DATASETS}
    rows = dict.fromkeys(DATASETS, 0)
    sums = _Sums()
    for begin in range(0, market.count, part):
        numbers = range(begin, min(begin + part, market.count))
        with ExitStack() as stack:
            sinks: dict[str, Sink] = {}
            for number in numbers:
                for name, table in _tables(market, number):
                    if name not in sinks:
                        suffix = (
                            "" if market.count <= part or name == "items" else f"-{begin // part + 1:03d}"
                        )
                        path = folder / f"{name}{suffix}.{format}"
                        sinks[name] = _open(path, format, table.schema)
                        stack.callback(sinks[name].close)
                        files[name].append(path.name)
                    sinks[name].write(table)
                    rows[name] += table.num_rows
                    if name == "truth":
                        sums.add(table)
                if on_progress:
                    on_progress(min((number + 1) * 2_000, market.customers), market.customers)
    told = {
        "market": {**asdict(market), "until": market.until.isoformat(), "start": market.start.isoformat()},
        "format": format,
        "files": files,
        "rows": rows,
        "truth": sums.told(),
    }
    (folder / MANIFEST).write_text(json.dumps(told, ensure_ascii=False, indent=2), encoding="utf-8")
    return told


def _tables(market: Market, number: int) -> Iterator[tuple[str, pa.Table]]:
    block = market.block(number)
    orders = market.orders(block)
    yield "customers", market.customer_table(block)
    if number == 0:
        yield "items", market.item_table()
    yield "orders", market.order_table(block, orders)
    yield "events", market.view_table(block, market.views(block, orders))
    yield "truth", market.truth_table(block)


class _Sums:
    """The truth over all customers, added up block by block."""

    def __init__(self) -> None:
        self.n, self.effect, self.baseline, self.revenue = 0, 0.0, 0.0, 0.0
        self.groups = dict.fromkeys(GROUPS, 0)

    def add(self, table: pa.Table) -> None:
        baseline, treated, spend = (table[name].to_numpy() for name in ("baseline", "treated", "spend"))
        self.n += len(baseline)
        self.baseline += float(baseline.sum())
        self.effect += float((treated - baseline).sum())
        self.revenue += float(((treated - baseline) * spend).sum())
        names, counts = np.unique(table["group"].to_numpy(zero_copy_only=False), return_counts=True)
        for name, count in zip(names, counts, strict=True):
            self.groups[name] += int(count)

    def told(self) -> dict[str, Any]:
        return {
            "groups": self.groups,
            "baseline": self.baseline / self.n,
            "effect": self.effect / self.n,
            "revenue_effect": self.revenue / self.n,
        }


def _open(path: Path, format: str, schema: pa.Schema) -> Sink:
    if format == "parquet":
        return _Parquet(path, schema)
    raw = pa.OSFile(str(path), "wb")
    stream = pa.CompressedOutputStream(raw, "gzip") if format.endswith(".gz") else raw
    return _Csv(stream, schema) if format.startswith("csv") else _JsonLines(stream)


class _Csv:
    def __init__(self, stream: Any, schema: pa.Schema) -> None:
        self._stream = stream
        options = pyarrow.csv.WriteOptions(quoting_style="needed")
        self._writer = pyarrow.csv.CSVWriter(stream, schema, write_options=options)

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table)

    def close(self) -> None:
        self._writer.close()
        self._stream.close()


class _JsonLines:
    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._encoder = msgspec.json.Encoder(decimal_format="number")

    def write(self, table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=10_000):
            self._stream.write(self._encoder.encode_lines(batch.to_pylist()))

    def close(self) -> None:
        self._stream.close()


class _Parquet:
    """Joins the tables of many blocks into row groups of a useful size."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pyarrow.parquet.ParquetWriter(path, schema)
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def write(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self._rows += table.num_rows
        if self._rows >= 200_000:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
        self._waiting, self._rows = [], 0
