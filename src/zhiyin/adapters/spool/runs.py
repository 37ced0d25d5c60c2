"""Runs: sorted files of rows, found by a 128-bit hash. Files are merged as they pile up, so that looking up and adding
cost the same however many rows there are, and little memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FAN = 8  # runs of one size are merged when there are this many

Keys = NDArray[np.void]
_KEY = np.dtype([("high", "<u8"), ("low", "<u8")])


class Run(NamedTuple):
    """A file of rows, and when (seconds since 1970, UTC) the youngest of them was added."""

    name: str
    rows: int
    newest: float


class Runs:
    """The files of one folder; which of them are valid is for the caller to remember."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, name: str, rows: pa.Table, newest: float) -> Run:
        """Write rows, which have the columns ``high`` and ``low`` of a key; on disk when it returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        rows = rows.take(
            np.argsort(_column(rows, "high"), kind="stable")
        )  # gains from what is sorted already
        with open(self._folder / name, "wb") as file:
            with pa.ipc.new_file(file, rows.schema) as writer:
                writer.write_table(rows)
            file.flush()
            os.fsync(file.fileno())
        return Run(name, rows.num_rows, newest)

    def found(self, runs: Sequence[Run], asked: Keys) -> Iterator[tuple[NDArray[np.intp], pa.Table]]:
        """Run by run: which of the keys it has, and its rows of these."""
        order = np.argsort(asked["high"])
        high, low = asked["high"][order], asked["low"][order]
        for run in runs:
            rows = self._read(run)
            stored = _column(rows, "high")
            at = np.searchsorted(stored, high)
            at[at == len(stored)] = 0
            has = np.flatnonzero((stored[at] == high) & (_column(rows, "low")[at] == low))
            yield order[has], rows.take(at[has])

    def merged(self, version: int, runs: Sequence[Run], join: Callable[[pa.Table], pa.Table]) -> list[Run]:
        """Join runs of one size when there are many; a run is as young as its newest."""
        kept = list(runs)
        while True:
            sizes: dict[int, list[Run]] = {}
            for run in kept:
                sizes.setdefault(int(np.log2(max(run.rows, 1)) // 3), []).append(run)
            full = next((group for group in sizes.values() if len(group) >= FAN), None)
            if full is None:
                return kept
            together = join(pa.concat_tables([self._read(run) for run in full]))
            level = 1 + max(int(run.name.partition("-")[2].partition(".")[0]) for run in full)
            kept = [run for run in kept if run not in full]
            if together.num_rows:
                newest = max(run.newest for run in full)
                kept.append(self.save(f"{version:012d}-{level}.arrow", together, newest))

    def without(self, version: int, runs: Sequence[Run], gone: Keys) -> list[Run]:
        """The runs without the rows of these keys; those that had some are written anew."""
        kept = []
        for number, run in enumerate(runs):
            rows = self._read(run)
            keys = np.empty(run.rows, _KEY)
            keys["high"], keys["low"] = _column(rows, "high"), _column(rows, "low")
            stays = ~np.isin(keys.view("V16"), gone.view("V16"))
            if stays.all():
                kept.append(run)
            elif stays.any():
                level = run.name.partition("-")[2].partition(".")[0]
                name = f"{version:012d}-{level}.{number}.{os.urandom(4).hex()}.arrow"
                kept.append(self.save(name, rows.filter(pa.array(stays)), run.newest))
        return kept

    def tidy(self, runs: Sequence[Run]) -> None:
        """Remove files that are none of these: merged, too old, or of a batch that a crash cut short."""
        for path in {*self._folder.glob("*")} - {self._folder / run.name for run in runs}:
            path.unlink(missing_ok=True)

    def _read(self, run: Run) -> pa.Table:
        with pa.memory_map(str(self._folder / run.name)) as file:
            return pa.ipc.open_file(file).read_all()


def keys(texts: Collection[str]) -> Keys:
    """128-bit hashes of the texts, in their order."""
    digest = hashlib.blake2b
    data = b"".join(
        [digest(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
    )
    return np.frombuffer(data, _KEY)


def keyed(of: Keys) -> dict[str, pa.Array]:
    """Keys as the columns that runs are found by."""
    return {name: pa.array(np.ascontiguousarray(of[name])) for name in ("high", "low")}


def _column(rows: pa.Table, name: str) -> NDArray[np.uint64]:
    return rows.column(name).combine_chunks().to_numpy(zero_copy_only=False)
