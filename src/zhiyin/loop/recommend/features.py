"""What is known of items, and of items to a customer → numbers that a ranker learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from zhiyin.loop.recommend.arrays import DAY, F32, F64, I32, I64, Bool
from zhiyin.loop.recommend.catalogue import NEVER
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays
from zhiyin.loop.recommend.log import KINDS
from zhiyin.loop.recommend.popularity import popularity, trend
from zhiyin.loop.recommend.queries import Queries

_NOW, _LATELY, _LASTING = 7.0, 28.0, 365.0  # half-lives of popularity, days
_LONG_AGO = 365.0  # days: the age of what never happened
_DOUBT = 5.0  # customers of the average whom an item that few took is given
_BOUGHT = KINDS.index("bought")
_RATED = KINDS.index("rated")
#: in the order of the columns, after those of the members
NUMBERS = (
    "popular_now", "popular_lately", "popular_lasting", "trend", "item_age", "price", "again",  # of the item
    # of the item to this customer, from what they bought: whether, in how many visits, these faded twice, the
    # share of all visits and of those since the first time, visits and days since the last time, and these next
    # to the days that usually lie between; then looks at it
    "own", "own_visits", "own_lately", "own_lasting", "own_share", "own_share_since", "own_visits_ago",
    "own_age", "own_due", "own_again", "own_looks", "own_look_age",
    "category_share", "category_age", "category_last", "price_distance",  # of its category and price to them
    "visits", "visits_lately", "away", "history",  # of the customer: only trees make something of these
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of each item: how popular it is, how old at ``now``, its price and category (-1 for none).

    ``again`` is the share of those who took it that came back for it.
    """

    popular: F32  # 3 x items
    trend: F32
    seen_first: I64
    price: F32  # log of minor units, NaN where unknown
    category: I32
    again: F32

    @classmethod
    def of(cls, data: Data) -> Self:
        """All of it from the events before ``data.now``."""
        shelf = data.catalogue
        # not the catalogue's, which may know of later events
        first = np.full(data.items, NEVER, dtype=np.int64)
        np.minimum.at(first, data.log.item, data.log.at)
        popular = [popularity(data, half_life) for half_life in (_NOW, _LATELY, _LASTING)]
        price = np.log1p(np.maximum(shelf.price, 0)).astype(np.float32)
        return cls(np.stack(popular), trend(data, _LATELY), first, price, shelf.category, _again(data))

    def to_arrays(self) -> Arrays:
        """As arrays by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """What ``to_arrays`` gave."""
        return cls(**{name: arrays[name] for name in cls.__slots__})


def bought(asked: Queries) -> Bool:
    """The events that make an item the customer's own."""
    return np.asarray((asked.kind == _BOUGHT) | (asked.kind == _RATED))


def numbers(known: Known, asked: Queries, row: I64, item: I64) -> list[Any]:
    """The columns of ``NUMBERS`` for items to questions; these pairs rise by question, then by item."""
    return [*_of_items(known, asked, item), *_of_pairs(known, asked, row, item)]


def _of_items(known: Known, asked: Queries, item: I64) -> list[Any]:
    first = known.seen_first[item]
    age = np.where(first == NEVER, 0.0, np.maximum(asked.now - first, 0) / DAY)
    popular = np.log(known.popular[:, item] + 1e-4)
    return [
        *popular,
        np.log(known.trend[item] + 0.1),
        np.log1p(age),
        np.nan_to_num(known.price[item]),
        known.again[item],
    ]


def _of_pairs(known: Known, asked: Queries, row: I64, item: I64) -> list[Any]:
    event_row, own = asked.row_of(), bought(asked)
    visits, many = _visits(event_row[own], asked.age[own], len(asked))
    items = len(known.category)
    wanted, place = row * items + item, event_row * items + asked.item
    spot = np.minimum(np.searchsorted(wanted, place), max(len(wanted) - 1, 0))
    met = wanted[spot] == place if len(wanted) else np.zeros(len(place), dtype=np.bool_)
    looked = met & ~own
    looks = np.bincount(spot[looked], minlength=len(item))
    return [
        *_own(known, asked, row, item, spot[met & own], asked.age[met & own], visits[met[own]], many),
        np.log1p(looks),
        np.log1p(_least(spot[looked], asked.age[looked], len(item))),
        *_alike(known, asked, event_row, row, item),
        *(column[row] for column in _customers(asked, event_row, own, visits, many)),
    ]


def _visits(row: I64, age: F32, rows: int) -> tuple[I64, I64]:
    """How many visits of the same question follow that of each event, and how many each question has.

    Events of one moment are one visit.
    """
    new = np.ones(len(row), dtype=np.bool_)
    new[1:] = (np.diff(row) != 0) | (np.diff(age) != 0)
    many = np.bincount(row[new], minlength=rows)
    return np.cumsum(many)[row] - np.cumsum(new), many


def _own(
    known: Known, asked: Queries, row: I64, item: I64, spot: I64, age: F32, ago: I64, many: I64
) -> list[Any]:
    """Numbers of ``own``: ``spot`` is the pair of each purchase, ``ago`` how many visits followed it."""
    size = len(item)
    order = np.lexsort((ago, spot))
    spot, age, ago = spot[order], age[order], ago[order]
    once = np.ones(len(spot), dtype=np.bool_)  # twice in one visit is once
    once[1:] = (np.diff(spot) != 0) | (np.diff(ago) != 0)
    spot, age, ago = spot[once], age[once], ago[once]
    times = np.bincount(spot, minlength=size)
    last, oldest = _least(spot, age, size), np.zeros(size)
    np.maximum.at(oldest, spot, age)
    visits_ago = _least(spot, ago, size)
    first = np.zeros(size)
    np.maximum.at(first, spot, ago + 1)
    between = (oldest - last) / np.maximum(times - 1, 1)
    return [
        times > 0,
        np.log1p(times),
        *(np.log(np.bincount(spot, 0.5 ** (age / half_life), size) + 0.01) for half_life in (14.0, 60.0)),
        times / np.maximum(many[row], 1),
        times / np.maximum(first, 1),
        np.log1p(visits_ago),
        np.log1p(last),
        np.where(times > 1, np.log((last + 1) / (np.maximum(between, 0) + 1)), 0.0),
        np.where(times > 0, known.again[item], 0.0),
    ]


def _alike(known: Known, asked: Queries, event_row: I64, row: I64, item: I64) -> list[Any]:
    """What the customer has had of the same category, and how far its price lies from what they had."""
    category, kinds = known.category[asked.item], int(known.category.max(initial=-1)) + 1
    shares = np.zeros((len(asked), kinds + 1))
    np.add.at(shares, (event_row, category), 1.0)  # -1 is the last column, of items without a category
    youngest = np.full((len(asked), kinds + 1), _LONG_AGO)
    np.minimum.at(youngest, (event_row, category), asked.age)
    lengths = np.diff(asked.indptr)
    latest = np.full(len(asked), -2, dtype=np.int64)
    latest[lengths > 0] = category[asked.indptr[1:][lengths > 0] - 1]
    looked = asked.context >= 0
    latest[looked] = known.category[asked.context[looked]]
    of, there = known.category[item], known.category[item] >= 0
    usual = _means(known.price[asked.item], event_row, len(asked))
    return [
        np.where(there, shares[row, of], 0) / np.maximum(lengths, 1)[row],
        np.log1p(np.where(there, youngest[row, of], _LONG_AGO)),
        there & (latest[row] == of),
        np.nan_to_num(np.abs(known.price[item] - usual[row])),
    ]


def _customers(asked: Queries, event_row: I64, own: Bool, visits: I64, many: I64) -> list[Any]:
    lately = np.zeros(len(asked))
    young = asked.age[own] <= _LATELY
    np.maximum.at(lately, event_row[own][young], visits[young] + 1)
    away = _least(event_row, asked.age, len(asked))
    return [np.log1p(many), np.log1p(lately), np.log1p(away), np.log1p(np.diff(asked.indptr))]


def _least(place: I64, values: Any, size: int) -> F64:
    found = np.full(size, _LONG_AGO)
    np.minimum.at(found, place, values)
    return found


def _again(data: Data) -> F32:
    """Of the customers who took an item, the share that took it at two times or more; few takers, the average."""
    log = data.log
    taken = np.flatnonzero((log.kind == _BOUGHT) | (log.kind == _RATED))
    order = taken[np.lexsort((log.at[taken], log.item[taken], log.user[taken]))]
    user, item, at = log.user[order], log.item[order], log.at[order]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (np.diff(user) != 0) | (np.diff(item) != 0)
    later = np.zeros(len(order), dtype=np.bool_)
    later[1:] = ~fresh[1:] & (np.diff(at) != 0)
    pair = np.cumsum(fresh) - 1
    back = np.bincount(pair[later], minlength=fresh.sum()) > 0
    takers = np.bincount(item[fresh], minlength=data.items)
    backs = np.bincount(item[fresh][back], minlength=data.items)
    usual = backs.sum() / max(takers.sum(), 1)
    return np.asarray((backs + _DOUBT * usual) / (takers + _DOUBT), dtype=np.float32)


def _means(values: F32, row: I64, rows: int) -> F32:
    """The mean of each row's values that are known, NaN where none is."""
    there = ~np.isnan(values)
    counts = np.bincount(row[there], minlength=rows)
    total = np.bincount(row[there], values[there], minlength=rows)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan).astype(np.float32)
