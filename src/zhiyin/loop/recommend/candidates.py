"""Members' scores → candidates: items for questions, each with numbers that a ranker learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyin.loop.recommend.arrays import CSR, F32, I32, I64, Bool
from zhiyin.loop.recommend.features import Known, bought, numbers
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.topk import bar


@dataclass(frozen=True, slots=True)
class Candidates:
    """Items for questions: ``row`` is the question of each, rising, ``features`` candidates x numbers.

    ``own`` marks the items that the customer bought before.
    """

    row: I64
    item: I32
    features: F32
    own: Bool


def candidates(
    scores: Sequence[F32], asked: Queries, known: Known, per: int, masked: CSR | None = None
) -> Candidates:
    """The ``per`` best of each member for each question among the items that are new to the customer, and as
    many among those that are not; all those of equal score with the last of them.

    ``masked`` is sparse, questions x items: what is out of the question.
    """
    rows, items = scores[0].shape
    event = bought(asked)
    mine = np.unique(asked.row_of()[event] * items + asked.item[event])
    named = [part for own in scores for part in _best(own, *np.divmod(mine, max(items, 1)), per)]
    keys = np.unique(np.concatenate(named))
    if masked is not None:
        out = np.repeat(np.arange(rows), np.diff(masked.indptr)) * items + masked.indices
        keys = keys[~np.isin(keys, out)]
    row, item = np.divmod(keys, max(items, 1))
    theirs = np.isin(keys, mine)
    columns = [column for own in scores for column in _member(own, row, item, 2 * row + theirs)]
    columns += numbers(known, asked, row, item)
    return Candidates(row, item.astype(np.int32), np.stack(columns, axis=1).astype(np.float32), theirs)


def _best(scores: F32, row: I64, item: I64, per: int) -> tuple[I64, I64]:
    """The pairs, each as one number, that come first among the cells given, and among all others."""
    own = scores[row, item]
    scores[row, item] = -np.inf
    rows, items = np.nonzero(scores >= bar(scores, per)[:, None])  # these, and few more
    new = _first(rows, items, scores[rows, items], scores.shape, per)
    scores[row, item] = own
    return _first(row, item, own, scores.shape, per), new


def _first(row: I64, item: I64, values: F32, shape: tuple[int, int], per: int) -> I64:
    """Of pairs that rise by row the ``per`` of the highest value of each row, and those that equal the last of them."""
    finite = np.isfinite(values)
    row, item, values = row[finite], item[finite], values[finite]
    order = np.lexsort((-values, row))
    place = np.arange(len(row)) - np.searchsorted(row, np.arange(shape[0]))[row]
    least = np.full(shape[0], -np.inf, dtype=np.float32)
    last = place == per - 1
    least[row[last]] = values[order][last]
    kept = values >= least[row]
    return np.asarray(row[kept] * shape[1] + item[kept], dtype=np.int64)


def _member(scores: F32, row: I64, item: I64, group: I64) -> tuple[Any, Any, Any]:
    """The score as a share of the best of its question, 1 / its rank and minus its logarithm among the candidates
    of its ``group``; nothing where the member says nothing.
    """
    best = scores.max(axis=1, initial=-np.inf)
    best = np.where(best > 0, best, 1).astype(np.float32)
    own = scores[row, item]
    speaks = np.isfinite(own)
    share = np.where(speaks, own, 0) / best[row]
    order = np.lexsort((-own, group))
    fresh = np.ones(len(row), dtype=np.bool_)  # equals share the first of their places
    fresh[1:] = (np.diff(group[order]) != 0) | (own[order][1:] != own[order][:-1])
    leads = np.ones(len(row), dtype=np.bool_)
    leads[1:] = np.diff(group[order]) != 0
    place = np.arange(len(row))
    first, start = (np.maximum.accumulate(np.where(marks, place, 0)) for marks in (fresh, leads))
    rank = np.empty(len(row), dtype=np.float32)
    rank[order] = first - start
    return share, np.where(speaks, 1 / (1 + rank), 0), -np.log1p(np.where(speaks, rank, 1e3))
