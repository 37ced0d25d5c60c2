"""Members' scores + what is known of items and customer → candidates, each with numbers that a ranker learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from zhiyin.loop.recommend.data import DAY, F32, I32, I64, NEVER, Data, Queries
from zhiyin.loop.recommend.interface import Arrays
from zhiyin.loop.recommend.popularity import popularity, trend

_NOW, _LATELY, _LASTING = 7.0, 28.0, 365.0  # half-lives of popularity, days
_LONG_AGO = 365.0  # days: the age of what never happened
#: in the order of the columns, after two of each member: its score as a share of its best, and 1 / its rank
NUMBERS = (
    "popular_now", "popular_lately", "popular_lasting", "trend", "item_age", "price",  # of the item
    "category_share", "price_distance", "own_count", "own_age",  # of the item to this customer
    "history",  # of the customer; a ranker that only adds up makes nothing of it
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidates:
    """Items for questions: ``row`` is the question of each, rising, ``features`` candidates x numbers."""

    row: I64
    item: I32
    features: F32


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of each item: how popular it is, how old at ``now``, its price and category (-1 for none)."""

    popular: F32  # 3 x items
    trend: F32
    seen_first: I64
    price: F32  # log of minor units, NaN where unknown
    category: I32

    @classmethod
    def of(cls, data: Data) -> Self:
        """All of it from the events before ``data.now``."""
        shelf = data.catalogue
        first = np.full(
            data.items, NEVER, dtype=np.int64
        )  # not the catalogue's, which may know of later events
        np.minimum.at(first, data.log.item, data.log.at)
        popular = [popularity(data, half_life) for half_life in (_NOW, _LATELY, _LASTING)]
        price = np.log1p(np.maximum(shelf.price, 0)).astype(np.float32)
        return cls(np.stack(popular), trend(data, _LATELY), first, price, shelf.category)

    def to_arrays(self) -> Arrays:
        """As arrays by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """What ``to_arrays`` gave."""
        return cls(**{name: arrays[name] for name in cls.__slots__})


def candidates(scores: Sequence[F32], asked: Queries, known: Known, per: int) -> Candidates:
    """The ``per`` best of each member for each question, all those of equal score with the last of them."""
    chosen = np.zeros(scores[0].shape, dtype=np.bool_)
    for own in scores:
        chosen |= _best(own, per)
    row, item = np.nonzero(chosen)
    columns = [column for own in scores for column in _member(own, row, item)]
    columns += _of_items(known, asked, item)
    columns += _of_pairs(known, asked, row, item)
    return Candidates(row, item.astype(np.int32), np.stack(columns, axis=1).astype(np.float32))


def _best(scores: F32, per: int) -> np.ndarray:
    finite = np.isfinite(scores)
    if scores.shape[1] <= per:
        return finite
    least = -np.partition(-scores, per - 1, axis=1)[:, per - 1 : per]
    return finite & (scores >= least)


def _member(scores: F32, row: I64, item: I64) -> tuple[F32, F32]:
    """The score as a share of the best of its question, and 1 / its rank, 0 where the member says nothing."""
    finite = np.isfinite(scores)
    best = np.where(finite, scores, -np.inf).max(axis=1, initial=-np.inf)
    best = np.where(best > 0, best, 1).astype(np.float32)
    own = scores[row, item]
    share = np.where(np.isfinite(own), own, 0) / best[row]
    order = np.lexsort((-own, row))
    start = np.searchsorted(row[order], np.arange(len(scores)))
    rank = np.empty(len(row), dtype=np.float32)
    # equals share the first of their places, so that the order of columns says nothing
    place = np.arange(len(row)) - start[row[order]]
    fresh = np.ones(len(row), dtype=np.bool_)
    fresh[1:] = (row[order][1:] != row[order][:-1]) | (own[order][1:] != own[order][:-1])
    rank[order] = place[np.maximum.accumulate(np.where(fresh, np.arange(len(row)), 0))]
    return share, np.where(np.isfinite(own), 1 / (1 + rank), 0)


def _of_items(known: Known, asked: Queries, item: I64) -> list[F32]:
    first = known.seen_first[item]
    age = np.where(first == NEVER, 0.0, np.maximum(asked.now - first, 0) / DAY)
    popular = np.log(known.popular[:, item] + 1e-4)
    return [*popular, np.log(known.trend[item] + 0.1), np.log1p(age), np.nan_to_num(known.price[item])]


def _of_pairs(known: Known, asked: Queries, row: I64, item: I64) -> list[F32]:
    """Numbers about an item and the history it is asked for."""
    items, event_row = len(known.category), asked.row_of()
    wanted, place = row * items + item, event_row * items + asked.item
    order = np.argsort(wanted)
    at = np.minimum(np.searchsorted(wanted, place, sorter=order), max(len(wanted) - 1, 0))
    hits = wanted[order][at] == place if len(wanted) else np.zeros(0, dtype=np.bool_)
    spot = order[at[hits]] if len(wanted) else np.zeros(0, dtype=np.int64)
    count = np.bincount(spot, minlength=len(item))
    latest = np.full(len(item), _LONG_AGO)
    np.minimum.at(latest, spot, asked.age[hits])

    lengths = np.diff(asked.indptr)
    category, kinds = known.category[asked.item], int(known.category.max(initial=-1)) + 1
    shares = np.zeros((len(asked), kinds + 1))
    np.add.at(shares, (event_row, category), 1.0)  # -1 is the last column, of items without a category
    own = np.where(known.category[item] >= 0, shares[row, known.category[item]], 0)
    usual = _means(known.price[asked.item], event_row, len(asked))
    distance = np.nan_to_num(np.abs(known.price[item] - usual[row]))
    return [
        own / np.maximum(lengths, 1)[row],
        distance,
        np.log1p(count),
        np.log1p(latest),
        np.log1p(lengths)[row],
    ]


def _means(values: F32, row: I64, rows: int) -> F32:
    """The mean of each row's values that are known, NaN where none is."""
    there = ~np.isnan(values)
    counts = np.bincount(row[there], minlength=rows)
    total = np.bincount(row[there], values[there], minlength=rows)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan).astype(np.float32)
