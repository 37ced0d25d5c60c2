"""Runs: sorted files of rows, found by a 128-bit hash. Files are merged as they pile up, so that looking up and adding
cost the same however many rows there are, and a bounded memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FAN = 8  # runs of one size are merged when there are this many
_AT_ONCE = 1_000_000  # about as many rows are merged at a time

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
        return self._write(name, [rows], newest)

    def found(self, runs: Sequence[Run], asked: Keys) -> Iterator[tuple[NDArray[np.intp], pa.RecordBatch]]:
        """Bit by bit: which of the keys are there, and the rows of these; a key is in a run once."""
        order = np.argsort(asked["high"])
        high, low = asked["high"][order], asked["low"][order]
        for run in runs:
            for rows in self._read(run):
                stored = _column(rows, "high")
                start, end = np.searchsorted(high, stored[0]), np.searchsorted(high, stored[-1], "right")
                at = np.searchsorted(stored, high[start:end])
                same = (stored[at] == high[start:end]) & (_column(rows, "low")[at] == low[start:end])
                has = np.flatnonzero(same)
                yield order[start + has], rows.take(pa.array(at[has]))

    def merged(self, version: int, runs: Sequence[Run], join: Callable[[pa.Table], pa.Table]) -> list[Run]:
        """Join runs of one size when there are many; a run is as young as its newest.

        All rows of a key come to ``join`` together, but not all keys.
        """
        kept = list(runs)
        while True:
            sizes: dict[int, list[Run]] = {}
            for run in kept:
                sizes.setdefault(int(np.log2(max(run.rows, 1)) // 3), []).append(run)
            full = next((group for group in sizes.values() if len(group) >= FAN), None)
            if full is None:
                return kept
            level = 1 + max(int(run.name.partition("-")[2].partition(".")[0]) for run in full)
            kept = [run for run in kept if run not in full]
            ranges = -(-sum(run.rows for run in full) // _AT_ONCE)
            bounds = [number * 2**64 // ranges for number in range(1, ranges)]
            together = self._write(
                f"{version:012d}-{level}.arrow",
                (join(part) for part in self._between(full, [0, *bounds, 2**64 - 1])),
                max(run.newest for run in full),
            )
            if together.rows:
                kept.append(together)

    def without(self, version: int, runs: Sequence[Run], gone: Keys) -> list[Run]:
        """The runs without the rows of these keys; those that had some are written anew."""
        kept = []
        for number, run in enumerate(runs):
            stay = [~np.isin(_keys(rows), gone.view("V16")) for rows in self._read(run)]
            if all(stays.all() for stays in stay):
                kept.append(run)
                continue
            level = run.name.partition("-")[2].partition(".")[0]
            name = f"{version:012d}-{level}.{number}.{os.urandom(4).hex()}.arrow"
            parts = zip(self._read(run), stay, strict=True)
            left = (pa.Table.from_batches([rows.filter(pa.array(stays))]) for rows, stays in parts)
            rest = self._write(name, left, run.newest)
            if rest.rows:
                kept.append(rest)
        return kept

    def tidy(self, runs: Sequence[Run]) -> None:
        """Remove files that are none of these: merged, too old, or of a batch that a crash cut short."""
        for path in {*self._folder.glob("*")} - {self._folder / run.name for run in runs}:
            path.unlink(missing_ok=True)

    def _between(self, runs: Sequence[Run], bounds: Sequence[int]) -> Iterator[pa.Table]:
        """The rows of these runs, by ranges of ``high``."""
        for first, last in pairwise(bounds):
            found = []
            for run in runs:
                for rows in self._read(run):
                    start = np.searchsorted(_column(rows, "high"), np.uint64(first))
                    side: Literal["left", "right"] = "right" if last == bounds[-1] else "left"
                    end = np.searchsorted(_column(rows, "high"), np.uint64(last), side)
                    found.append(rows.slice(start, end - start))
            yield pa.Table.from_batches(found)

    def _write(self, name: str, parts: Iterable[pa.Table], newest: float) -> Run:
        """Write rows of rising ranges, each range sorted."""
        self._folder.mkdir(parents=True, exist_ok=True)
        written, writer = 0, None
        with open(self._folder / name, "wb") as file:
            for rows in parts:
                # gains from what is sorted already
                rows = rows.take(np.argsort(_column(rows.combine_chunks(), "high"), kind="stable"))
                writer = writer or pa.ipc.new_file(file, rows.schema)
                if rows.num_rows:
                    writer.write_table(rows.combine_chunks())
                written += rows.num_rows
            if writer is not None:
                writer.close()
            file.flush()
            os.fsync(file.fileno())
        return Run(name, written, newest)

    def _read(self, run: Run) -> list[pa.RecordBatch]:
        with pa.memory_map(str(self._folder / run.name)) as file:
            return pa.ipc.open_file(file).read_all().to_batches()


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


def _column(rows: pa.RecordBatch | pa.Table, name: str) -> NDArray[np.uint64]:
    found: NDArray[np.uint64] = rows.column(name).to_numpy()
    return found


def _keys(rows: pa.RecordBatch) -> NDArray[np.void]:
    found = np.empty(rows.num_rows, _KEY)
    found["high"], found["low"] = _column(rows, "high"), _column(rows, "low")
    return found.view("V16")
