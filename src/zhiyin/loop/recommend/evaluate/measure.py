"""a fitted model + a task → its lists, and what they are worth: one value for each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zhiyin.loop.recommend.arrays import CSR, F32, F64, I32, Bool
from zhiyin.loop.recommend.evaluate import metrics, variety
from zhiyin.loop.recommend.evaluate.task import RatingTask, Task
from zhiyin.loop.recommend.interface import Rates, Recommender
from zhiyin.loop.recommend.topk import top

BLOCK = 128  # questions scored at a time: 20 MB of scores for 40,000 items
COLD = 4  # items that so many customers took at most, or fewer


@dataclass(frozen=True, slots=True)
class Figures:
    """One model measured: ``name@k`` -> a value for each question (NaN where it has none), and figures of all
    lists together.
    """

    per_query: Mapping[str, F64]
    whole: Mapping[str, float]


def measure(model: Recommender, task: Task, ks: Sequence[int], *, block: int = BLOCK) -> Figures:
    """What a fitted model makes of the task."""
    return figures(rank(model, task, max(ks), block=block), task, ks)


def rank(
    model: Recommender, task: Task, k: int, *, start: int = 0, stop: int | None = None, block: int = BLOCK
) -> I32:
    """The ``k`` best items for the questions from ``start`` to before ``stop``; -1 where there are no more."""
    end = len(task) if stop is None else min(stop, len(task))
    ranked = np.full((max(end - start, 0), k), -1, dtype=np.int32)
    for first in range(start, end, block):
        last = min(first + block, end)
        ranked[first - start : last - start] = top(
            model.score(task.asked.block(first, last)),
            k,
            task.tie,
            allowed=task.candidates,
            masked=task.masked[first:last],
            fill=task.popular if task.fill else None,
        ).items
    return ranked


def figures(ranked: I32, task: Task, ks: Sequence[int]) -> Figures:
    """What lists are worth, whoever made them. Variety is told at the largest k only."""
    hits = found(ranked, task.targets)
    most = max(ks)
    alike = variety.likeness(task)[1]
    per_query = metrics.of_lists(hits, task.sizes, ks) | variety.of_each(ranked, hits, task, most, alike)
    per_query |= {f"recall_cold@{k}": _cold(ranked[:, :k], hits[:, :k], task) for k in ks}
    return Figures(per_query, variety.of_all(ranked, task, most))


def found(ranked: I32, targets: CSR) -> Bool:
    """Which of the items shown are right answers."""
    rows, items = targets.shape
    cells = (
        np.repeat(np.arange(rows, dtype=np.int64), np.diff(targets.indptr)) * (items + 1) + targets.indices
    )
    if not len(cells):
        return np.zeros(ranked.shape, dtype=np.bool_)
    shown = np.arange(rows, dtype=np.int64)[:, None] * (items + 1) + np.where(ranked >= 0, ranked, items)
    place = np.minimum(np.searchsorted(cells, shown), len(cells) - 1)
    return np.asarray(cells[place] == shown, dtype=np.bool_)


def rate(model: Rates, task: RatingTask, *, block: int = 2_048) -> F32:
    """What the customers would rate, as foretold, clipped to the range of the ratings learned from."""
    known = task.data.log.rating
    assert known is not None
    seen = known[np.isfinite(known)]
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (-np.inf, np.inf)
    foretold = np.empty(len(task.users), dtype=np.float32)
    for start in range(0, len(task.users), block):
        stop = start + block
        asked = task.data.queries(task.users[start:stop])
        foretold[start:stop] = model.rate(asked, task.items[start:stop])
    return np.clip(foretold, low, high)


def _cold(ranked: I32, hits: Bool, task: Task) -> F64:
    """The share of the right answers with few customers that was found; NaN where a question has none."""
    rare = task.takers <= COLD
    rows = np.repeat(np.arange(len(task)), np.diff(task.targets.indptr))
    wanted = np.bincount(rows[rare[task.targets.indices]], minlength=len(task)).astype(np.float64)
    got = (hits & rare[ranked]).sum(axis=1)
    return np.asarray(np.divide(got, wanted, out=np.full(len(task), np.nan), where=wanted > 0))
