"""events with ratings → one rating for each customer and item, and questions → the ratings they hold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhiyin.loop.recommend.arrays import F64, I32, I64
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.queries import Queries


class Ratings(NamedTuple):
    """Lists of ratings: those of row r stand at ``indptr[r]:indptr[r + 1]``, ``others`` says of or by whom."""

    indptr: I64
    others: I32
    values: F64

    def rows(self) -> I64:
        """The row of each rating."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))


def rated(data: Data) -> tuple[Ratings, Ratings]:
    """The latest rating of each customer of each item, once by customer and once by item."""
    log = data.log
    known = np.full(len(log), np.nan, dtype=np.float32) if log.rating is None else log.rating
    rows = np.flatnonzero(np.isfinite(known))
    order = rows[np.lexsort((log.item[rows], log.user[rows]))]  # stable: the latest of each comes last
    user, item = log.user[order], log.item[order]
    last = np.ones(len(order), dtype=np.bool_)
    last[:-1] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    user, item, value = user[last], item[last], known[order][last].astype(np.float64)
    turn = np.lexsort((user, item))
    return (
        Ratings(_starts(user, data.users), item.astype(np.int32), value),
        Ratings(_starts(item, data.items), user[turn].astype(np.int32), value[turn]),
    )


def told(asked: Queries, row: int) -> tuple[I64, I32, F64]:
    """Of one question: place, item and value of the latest rating of each item."""
    start, end = asked.indptr[row : row + 2]
    if asked.rating is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0)
    items, values = asked.item[start:end], asked.rating[start:end]
    places = np.flatnonzero(np.isfinite(values))
    places = places[np.argsort(items[places], kind="stable")]
    last = np.ones(len(places), dtype=np.bool_)
    last[:-1] = items[places][1:] != items[places][:-1]
    places = places[last]
    return places, items[places], values[places].astype(np.float64)


def _starts(rows: I32 | I64, count: int) -> I64:
    return np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))]).astype(np.int64)
