"""What the pipeline remembers between batches: ids it has seen, the visits under way, and all orders.

They are kept in runs (see there) under hashes of the id or of the visitor. SQLite says which runs are valid, so that
a batch is remembered wholly or not at all.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhiyin.adapters.spool.runs import Keys, Run, Runs, keyed, keys

KEEP = timedelta(hours=48)  # how long an id is known, counted from when it was received
VISIT_KEEP = timedelta(hours=2)  # the same of a visit
LATE = "late:"  # before a visitor: the visit of events that came after those of the next one

_SEEN, _VISITS, _ORDERS = "seen", "visits", "orders"  # orders are known for ever
_NONE = keys(())
_NOBODY: Mapping[str, int] = {}


class SpoolMemory:
    """The memory of one spool's reader: ``memory.sqlite3`` and three folders of runs beside the segments."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._seen, self._visits = Runs(self.folder / _SEEN), Runs(self.folder / _VISITS)
        self._orders = Runs(self.folder / _ORDERS)

    def version(self) -> int:
        """The last batch that was remembered, 0 before the first."""
        with self._open() as records:
            return _version(records)

    def known(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that were seen before."""
        return {text for text, seen in zip(ids, self.seen(keys(ids)).tolist(), strict=True) if seen}

    def seen(self, asked: Keys) -> NDArray[np.bool_]:
        """Of each of the keys, whether it was seen before."""
        found = np.zeros(len(asked), bool)
        for where, _ in self._seen.found(self._listed(_SEEN), asked):
            found[where] = True
        return found

    def ordered(self, asked: Keys, batch: int | None = None) -> NDArray[np.bool_]:
        """Of each of the keys, whether it is known as an order's.

        To a ``batch`` that is taken again, what was told since it was in the lake is not known, as it was not then.
        """
        found = np.zeros(len(asked), bool)
        if len(asked):
            runs = [run for run in self._listed(_ORDERS) if batch is None or _batch(run) < batch]
            for where, _ in self._orders.found(runs, asked):
                found[where] = True
        return found

    def known_orders(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that are known as orders'."""
        return {text for text, known in zip(ids, self.ordered(keys(ids)).tolist(), strict=True) if known}

    def informed(self) -> bool:
        """Whether all orders of the lake are known; not so before the first ``tell``, nor while in ``doubt``."""
        with self._open() as records:
            return _informed(records)

    def doubt(self) -> bool:
        """Orders are about to be written to the lake: unless they are told, all are to be. Whether all were known."""
        with self._open() as records, records:
            was = _informed(records)
            records.execute("PRAGMA user_version = 0")
            return was

    def tell(self, orders: Keys, last: int, now: datetime, *, informed: bool = True) -> None:
        """Remember ids of orders that came another way; ``last`` is the last batch of which the lake has anything.

        ``informed`` says that all orders of the lake are known now. For writers who hold the lake's lease.
        """
        orders = orders[~self.ordered(orders)]
        with self._open() as records:
            runs = _listed(records, _ORDERS)
            if len(orders):
                name = f"{last:012d}-0.{os.urandom(4).hex()}.arrow"
                runs.append(self._orders.save(name, pa.table(keyed(orders)), now.timestamp()))
            with records:
                _list(records, _ORDERS, runs)
                records.execute(f"PRAGMA user_version = {int(informed)}")

    def visits(
        self, visitors: Sequence[str], hashed: Keys | None = None
    ) -> dict[str, tuple[str, float, float, int]]:
        """The last visit of each visitor that had one lately: session, start, last moment, count; and that of
        late events. ``hashed`` are the ``visitor_keys``, where they are known."""
        hashed = visitor_keys(visitors) if hashed is None else hashed
        found, where = self._visited(visitors, hashed)
        # late events are few: they are looked up for those alone who had a visit
        return (
            found | self._visited([LATE + visitors[at] for at in where.tolist()], _beside(hashed[where]))[0]
        )

    def commit(self, version: int, new: Keys, visits: pa.Table, now: datetime, orders: Keys = _NONE) -> None:
        """Remember a batch, its ids, its ``visit_rows`` and its orders; doing it again for the same version changes
        nothing."""
        with self._open() as records:
            if version <= _version(records):
                return
            at = now.timestamp()
            seen = _since(_listed(records, _SEEN), now - KEEP)
            if len(new):
                seen.append(self._seen.save(f"{version:012d}-0.arrow", pa.table(keyed(new)), at))
            seen = self._seen.merged(version, seen, lambda rows: rows)
            visited = _since(_listed(records, _VISITS), now - VISIT_KEEP)
            if visits.num_rows:
                stamped = visits.append_column("version", pa.array(np.full(visits.num_rows, version)))
                stamped = stamped.append_column("at", pa.array(np.full(visits.num_rows, at)))
                visited.append(self._visits.save(f"{version:012d}-0.arrow", stamped, at))
            ordered = _listed(records, _ORDERS)
            if len(orders):
                ordered.append(self._orders.save(f"{version:012d}-0.arrow", pa.table(keyed(orders)), at))
            ordered = self._orders.merged(version, ordered, lambda rows: rows)
            oldest = (now - VISIT_KEEP).timestamp()
            visited = self._visits.merged(version, visited, lambda rows: _latest(rows, oldest))
            with records:
                _list(records, _SEEN, seen)
                _list(records, _VISITS, visited)
                _list(records, _ORDERS, ordered)
                records.execute("DELETE FROM batch")
                records.execute("INSERT INTO batch VALUES (?)", (version,))
        self._seen.tidy(seen)
        self._visits.tidy(visited)
        self._orders.tidy(ordered)

    def forget(self, visitors: Iterable[str]) -> None:
        """Drop the visits of these visitors, of whom nothing may stay."""
        gone = visitor_keys([name for who in visitors for name in (who, LATE + who)])
        with self._open() as records:
            visited = self._visits.without(_version(records), _listed(records, _VISITS), gone)
            with records:
                _list(records, _VISITS, visited)
        self._visits.tidy(visited)

    def _visited(
        self, names: Sequence[str], hashed: Keys
    ) -> tuple[dict[str, tuple[str, float, float, int]], NDArray[np.intp]]:
        """The visits found, and which of the names have one."""
        newest = np.zeros(len(names), np.int64)
        found: dict[str, tuple[str, float, float, int]] = {}
        for where, rows in self._visits.found(self._listed(_VISITS), hashed):
            versions = rows.column("version").to_numpy()
            later = np.flatnonzero(versions > newest[where])
            newest[where[later]] = versions[later]
            rows = rows.take(later)
            told = zip(
                *(rows.column(name).to_pylist() for name in ("session", "start", "last", "n")), strict=True
            )
            found.update(zip((names[at] for at in where[later].tolist()), told, strict=True))
        return found, np.flatnonzero(newest)

    def _listed(self, kind: str) -> list[Run]:
        with self._open() as records:
            return _listed(records, kind)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.folder / "memory.sqlite3", timeout=30)) as records:
            records.execute("PRAGMA journal_mode = WAL")
            records.execute("PRAGMA synchronous = FULL")
            records.executescript(
                """
                CREATE TABLE IF NOT EXISTS batch (version INTEGER PRIMARY KEY);
                CREATE TABLE IF NOT EXISTS runs (kind TEXT, name TEXT, rows INTEGER, newest REAL,
                    PRIMARY KEY (kind, name)) WITHOUT ROWID;
                """
            )
            yield records


def visitor_keys(visitors: Sequence[str]) -> Keys:
    """Keys of visitors in their order; that of late events is beside the visitor's own."""
    found = keys(visitors).copy()
    for at, who in enumerate(visitors):
        if who.startswith(LATE):
            found[at] = _beside(visitor_keys([who.removeprefix(LATE)]))[0]
    return found


def visit_rows(
    visits: Mapping[str, tuple[str, float, float, int]],
    known: Mapping[str, int] = _NOBODY,
    hashed: Keys = _NONE,
) -> pa.Table:
    """Visits by visitor as ``commit`` takes them: session, start, last moment, count; ``known`` says which of the
    ``hashed`` is whose."""
    sessions, starts, lasts, counts = zip(*visits.values(), strict=True) if visits else ((), (), (), ())
    at = np.fromiter((known.get(who, -1) for who in visits), np.int64, len(visits))
    own = np.empty(len(visits), _NONE.dtype)
    own[at >= 0] = hashed[at[at >= 0]]
    if (at < 0).any():
        own[at < 0] = visitor_keys([who for who in visits if who not in known])
    return pa.table(
        keyed(own)
        | {
            "session": pa.array(sessions, pa.string()),
            "start": pa.array(starts, pa.float64()),
            "last": pa.array(lasts, pa.float64()),
            "n": pa.array(counts, pa.int64()),
        }
    )


def _beside(of: Keys) -> Keys:
    found = of.copy()
    found["high"] += np.uint64(1)  # runs are searched by the high half alone
    return found


def _latest(rows: pa.Table, oldest: float) -> pa.Table:
    """The last row of each visitor, where it is not too old."""
    rows = rows.filter(pc.greater_equal(rows["at"], oldest))
    high, low, version = (rows.column(name).to_numpy() for name in ("high", "low", "version"))
    order = np.lexsort((version, low, high))
    high, low = high[order], low[order]
    last = np.append((high[1:] != high[:-1]) | (low[1:] != low[:-1]), [True] * min(1, len(high)))
    return rows.take(order[last.astype(bool)])


def _informed(records: sqlite3.Connection) -> bool:
    return bool(records.execute("PRAGMA user_version").fetchone()[0])


def _batch(run: Run) -> int:
    return int(run.name.partition("-")[0])


def _version(records: sqlite3.Connection) -> int:
    return int(records.execute("SELECT coalesce(max(version), 0) FROM batch").fetchone()[0])


def _listed(records: sqlite3.Connection, kind: str) -> list[Run]:
    rows = records.execute("SELECT name, rows, newest FROM runs WHERE kind = ? ORDER BY name", (kind,))
    return [Run(*row) for row in rows]


def _list(records: sqlite3.Connection, kind: str, runs: Iterable[Run]) -> None:
    records.execute("DELETE FROM runs WHERE kind = ?", (kind,))
    records.executemany("INSERT INTO runs VALUES (?, ?, ?, ?)", [(kind, *run) for run in runs])


def _since(runs: Iterable[Run], oldest: datetime) -> list[Run]:
    return [run for run in runs if run.newest >= oldest.timestamp()]
