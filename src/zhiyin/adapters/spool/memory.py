"""What the pipeline remembers between batches: ids it has seen, and the visits under way.

Ids are kept as 128-bit hashes in sorted runs, one file a batch, which are merged as they pile up: looking up
and adding cost the same however many there are, and little memory. SQLite says which runs are valid, so that
a batch is remembered wholly or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

KEEP = timedelta(hours=48)  # how long an id is known, counted from when it was received
FAN = 8  # runs of one size are merged when there are this many
VISIT_KEEP = timedelta(hours=2)
LATE = "late:"  # before a visitor: the visit of events that came after those of the next one

Keys = NDArray[np.void]
_KEY = np.dtype([("high", "<u8"), ("low", "<u8")])


class SpoolMemory:
    """The memory of one spool's reader, in ``memory.sqlite3`` and the folder ``seen`` beside the segments."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._runs = self.folder / "seen"

    def version(self) -> int:
        """The last batch that was remembered, 0 before the first."""
        with self._open() as records:
            return int(records.execute("SELECT coalesce(max(version), 0) FROM batch").fetchone()[0])

    def known(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that were seen before."""
        return {text for text, seen in zip(ids, self.seen(keys(ids)).tolist(), strict=True) if seen}

    def seen(self, asked: Keys) -> NDArray[np.bool_]:
        """Of each of the keys, whether it was seen before."""
        found = np.zeros(len(asked), bool)
        with self._open() as records:
            names = [row[0] for row in records.execute("SELECT name FROM run")]
        order = np.argsort(asked["high"])
        wanted = asked[order]
        for name in names:
            run = np.load(self._runs / name, mmap_mode="r")
            at = np.searchsorted(run["high"], wanted["high"])
            at[at == len(run)] = 0
            found[order] |= run[at] == wanted
        return found

    def visits(self, visitors: Iterable[str]) -> dict[str, tuple[str, float, float, int]]:
        """The last visit of each visitor that had one lately: session, start, last moment, count; and that of
        late events."""
        # in order, as the table is: neighbours are found together
        asked = sorted(name for who in visitors for name in (who, LATE + who))
        with self._open() as records:
            rows = records.execute(
                "SELECT visitor, session, start, last, n FROM json_each(?) CROSS JOIN visit ON visitor = value",
                [json.dumps(asked)],
            )
            return {visitor: (session, start, last, n) for visitor, session, start, last, n in rows}

    def commit(
        self,
        version: int,
        new: Keys,
        visits: Mapping[str, tuple[str, float, float, int]],
        now: datetime,
    ) -> None:
        """Remember a batch; doing it again for the same version changes nothing."""
        with self._open() as records:
            if version <= records.execute("SELECT coalesce(max(version), 0) FROM batch").fetchone()[0]:
                return
            listed = records.execute("SELECT name, rows, newest FROM run ORDER BY name").fetchall()
            oldest = (now - KEEP).timestamp()
            kept = [row for row in listed if row[2] >= oldest]
            if len(new):
                kept.append(self._save(f"{version:012d}-0.npy", _sorted(new), now.timestamp()))
            kept = self._merged(version, kept)
            with records:
                records.execute("DELETE FROM run")
                records.executemany("INSERT INTO run VALUES (?, ?, ?)", kept)
                records.executemany(
                    "INSERT OR REPLACE INTO visit VALUES (?, ?, ?, ?, ?)",
                    # in order, so that neighbours in the table are written together
                    sorted((visitor, *visit) for visitor, visit in visits.items()),
                )
                if version % 64 == 0:
                    records.execute("DELETE FROM visit WHERE last < ?", ((now - VISIT_KEEP).timestamp(),))
                records.execute("DELETE FROM batch")
                records.execute("INSERT INTO batch VALUES (?)", (version,))
        for path in {*self._runs.glob("*.npy")} - {self._runs / name for name, _, _ in kept}:
            path.unlink(missing_ok=True)  # merged, too old, or of a batch that a crash cut short

    def forget(self, visitors: Iterable[str]) -> None:
        """Drop the visits of these visitors, of whom nothing may stay."""
        with self._open() as records:
            with records:
                gone = ((name,) for who in visitors for name in (who, LATE + who))
                records.executemany("DELETE FROM visit WHERE visitor = ?", gone)
            records.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _merged(self, version: int, runs: list[tuple[str, int, float]]) -> list[tuple[str, int, float]]:
        """Join runs of one size, and of about one age, when there are many; a run is as young as its newest."""
        while True:
            sizes: dict[int, list[tuple[str, int, float]]] = {}
            for run in runs:
                sizes.setdefault(int(np.log2(max(run[1], 1)) // 3), []).append(run)
            full = next((group for group in sizes.values() if len(group) >= FAN), None)
            if full is None:
                return runs
            together = _sorted(np.concatenate([np.load(self._runs / name) for name, _, _ in full]))
            level = 1 + max(int(name.partition("-")[2].removesuffix(".npy")) for name, _, _ in full)
            merged = self._save(f"{version:012d}-{level}.npy", together, max(newest for _, _, newest in full))
            runs = [run for run in runs if run not in full] + [merged]

    def _save(self, name: str, run: Keys, newest: float) -> tuple[str, int, float]:
        self._runs.mkdir(parents=True, exist_ok=True)
        with open(self._runs / name, "wb") as file:
            np.save(file, run)
            file.flush()
            os.fsync(file.fileno())
        return name, len(run), newest

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.folder / "memory.sqlite3", timeout=30)) as records:
            records.execute("PRAGMA journal_mode = WAL")
            records.execute("PRAGMA synchronous = FULL")
            records.execute("PRAGMA secure_delete = ON")  # who is forgotten leaves no bytes behind
            records.executescript(
                """
                CREATE TABLE IF NOT EXISTS batch (version INTEGER PRIMARY KEY);
                CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY, rows INTEGER, newest REAL);
                CREATE TABLE IF NOT EXISTS visit (
                    visitor TEXT PRIMARY KEY, session TEXT, start REAL, last REAL, n INTEGER) WITHOUT ROWID;
                """
            )
            yield records


def keys(ids: Collection[str]) -> Keys:
    """128-bit hashes of the ids, in their order."""
    digest = hashlib.blake2b
    data = b"".join([digest(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in ids])
    return np.frombuffer(data, _KEY)


def _sorted(run: Keys) -> Keys:
    # stable is the sort that gains from runs that are sorted already
    return run[np.argsort(run["high"], kind="stable")]
