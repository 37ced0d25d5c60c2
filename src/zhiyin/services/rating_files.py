"""Files of who took what → the arrays that models learn from: ids become numbers, the same in every file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.adapters.sources.rating_columns import Written
from zhiyin.adapters.sources.ratings import Prefixes, Taken
from zhiyin.loop.collect.moments import Reading, date_order, moments
from zhiyin.loop.recommend.arrays import I32
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.evaluate.asking import keys
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import Queries


@dataclass(frozen=True, slots=True)
class Read:
    """What was read from one file, for the report: ``low`` of its rows have a rating that does not count as taken."""

    path: Path
    rows: int
    rejects: dict[str, int]
    doubles: int = 0
    low: int = 0


@dataclass(frozen=True)
class Ids:
    """The ids of customers and items of all files, in order; their places are their numbers."""

    users: pa.Array
    items: pa.Array

    @classmethod
    def of(cls, files: Sequence[Taken], prefixes: Sequence[Prefixes] = ()) -> Ids:
        """The ids of several files."""
        items = [file.item for file in files] + [
            part for file in prefixes for part in (file.item, file.answer)
        ]
        return cls(_sorted([file.user for file in files]), _sorted(items))

    def log(self, taken: Taken, threshold: float | None) -> Log:
        """The rows as events: of weight 1, or 0 where the rating is below the threshold (by default, not above 0).

        Rows of the same moment keep the order of the file, a microsecond apart.
        """
        user, item = _numbers(taken.user, self.users), _numbers(taken.item, self.items)
        size = len(user)
        weight: Any = 1.0
        if taken.rating is not None:
            likes = taken.rating > 0 if threshold is None else taken.rating >= threshold
            weight = likes.astype(np.float32)
        at = np.arange(size, dtype=np.int64) if taken.at is None else _in_order(taken.at)
        session = -1 if taken.session is None else taken.session
        return Log.of(user, item, at, weight=weight, session=session, rating=taken.rating)

    def data(self, log: Log, *, timed: bool) -> Data:
        """The data of a log; the catalogue knows no more than the ids."""
        return Data(
            log=log,
            users=len(self.users),
            catalogue=Catalogue.of(self.items.to_pylist()),
            customers=Customers(),
            now=int(log.at.max(initial=-1)) + 1,
            timed=timed,
        )

    def questions(self, prefixes: Prefixes) -> tuple[Queries, I32]:
        """The prefixes as questions, and the item that came next in each."""
        items = _numbers(prefixes.item, self.items)
        return Queries.of(prefixes.indptr, items), _numbers(prefixes.answer, self.items)


def written_times() -> Written:
    """Reads times as people write them, UTC where no zone is told, as microseconds; NaN where there is none.

    Whether 3/4/2026 is in March or in April is what the rows so far have shown; unless they did, it is no time.
    """
    reading = Reading(ZoneInfo("UTC"))

    def read(column: pa.ChunkedArray) -> Any:
        nonlocal reading
        reading = replace(reading, order=reading.order or date_order(column))
        at, filled, bad = moments(column, reading)
        return np.where(filled & ~bad, at, np.nan)

    return read


def doubles(log: Log, items: int) -> int:
    """How many rows repeat a pair of customer and item."""
    return len(log) - len(np.unique(keys(log, items)))


def _sorted(parts: Sequence[pa.Array]) -> pa.Array:
    found = pc.unique(pa.chunked_array(parts, pa.string()))
    return found.take(pc.sort_indices(found))


def _numbers(values: pa.Array, known: pa.Array) -> I32:
    found = pc.index_in(values, value_set=known).to_numpy(zero_copy_only=False)
    return np.asarray(found, dtype=np.int32)


def _in_order(at: Any) -> Any:
    """The times, each of several equal ones a microsecond after the one before it in the file."""
    order = np.argsort(at, kind="stable")
    rising = at[order]
    first = np.ones(len(rising), dtype=np.bool_)
    first[1:] = rising[1:] != rising[:-1]
    place = np.arange(len(rising))
    begun = np.maximum.accumulate(np.where(first, place, 0)) if len(rising) else place
    moved = np.empty_like(at)
    moved[order] = rising + place - begun
    return moved
