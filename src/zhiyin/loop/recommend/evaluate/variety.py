"""ranked lists → what they show besides right answers: novelty, diversity, serendipity, calibration, bias.

Figures of single lists that compare items pairwise are taken on at most ``LOOKED_AT`` questions, evenly spaced;
the others are NaN there. Coverage, Gini and bias are of all lists together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F64, I32, Bool
from zhiyin.loop.recommend.evaluate.task import Task, pairs

LOOKED_AT = 2_000
_BLOCK = 250
_ALPHA = 0.01  # Steck (2018): the list takes this share from the history, so that no logarithm is infinite

EACH: Mapping[str, str] = {
    "novelty": "mean of -log2(customers of the item / customers), items of nobody as of one",
    "diversity": "1 - mean cosine between the items of a list: {likeness}",
    "serendipity": "sum over hits that are not among the k most popular items of 1 - cosine to the history, / k "
    "(after Ge et al. 2010); cosine: {likeness}",
    "calibration": "KL divergence, in nats, of the list's categories from the history's, alpha .01 (Steck 2018); "
    "0 is calibrated",
}
WHOLE: Mapping[str, str] = {
    "coverage": "items shown to anybody / items on offer",
    "gini": "Gini coefficient of how often each item on offer is shown; 0 is equal",
    "top_decile": "share of all places that goes to the most popular tenth of the items on offer",
    "popularity_bias": "mean popularity percentile of what is shown / that of the right answers; 1 is unbiased",
}


def likeness(task: Task) -> tuple[str, CSR]:
    """What cosines between items go by, and items x features of length 1: given vectors, else attributes, else
    the customers they share.
    """
    catalogue = task.data.catalogue
    if catalogue.vectors:
        name = min(catalogue.vectors)
        return f"vectors {name}", _unit(
            sparse.csr_array(np.asarray(catalogue.vectors[name], dtype=np.float64))
        )
    if catalogue.attributes.shape[1]:
        return "attributes", _unit(sparse.csr_array(catalogue.attributes, dtype=np.float64))
    return "customers in common", _unit(sparse.csr_array(task.taken.T.astype(np.float64)))


def of_each(ranked: I32, hits: Bool, task: Task, k: int, alike: CSR) -> dict[str, F64]:
    """Each figure of ``EACH`` at k, one for each question. ``alike`` comes from ``likeness``."""
    count = len(task)
    rare = _rarity(task)
    shown = ranked[:, :k]
    there = shown >= 0
    listed = there.sum(axis=1)
    novelty = np.where(there, rare[shown], 0.0).sum(axis=1)
    found = {f"novelty@{k}": _over(novelty, listed)}
    looked = np.unique(np.linspace(0, max(count - 1, 0), min(count, LOOKED_AT)).astype(np.int64))
    parts = {name: np.full(count, np.nan) for name in ("diversity", "serendipity", "calibration")}
    expected = np.zeros(task.data.items, dtype=np.bool_)
    expected[task.popular[:k]] = True
    categories = _categories(task)
    for start in range(0, len(looked), _BLOCK):
        rows = looked[start : start + _BLOCK]
        lists = _lists(shown[rows], task.data.items)
        history = _histories(task, rows)
        parts["diversity"][rows] = _diversity(lists, alike)
        parts["serendipity"][rows] = (
            _serendipity(shown[rows], hits[rows, :k], expected, history @ alike, alike) / k
        )
        if categories is not None:
            parts["calibration"][rows] = _calibration(history @ categories, lists @ categories)
    if categories is None:
        del parts["calibration"]
    return found | {f"{name}@{k}": values for name, values in parts.items()}


def of_all(ranked: I32, task: Task, k: int) -> dict[str, float]:
    """Each figure of ``WHOLE`` at k, over all lists."""
    shown = ranked[:, :k]
    times = np.bincount(shown[shown >= 0], minlength=task.data.items)[task.candidates].astype(np.float64)
    offered, places = len(times), times.sum()
    if not offered or not places:
        return {f"{name}@{k}": 0.0 for name in WHOLE}
    rank = percentiles(task.takers, task.candidates)
    right = rank[task.targets.indices].mean()
    popular = np.argsort(-task.takers[task.candidates], kind="stable")[: max(1, offered // 10)]
    rising = np.sort(times)
    return {
        f"coverage@{k}": float((times > 0).mean()),
        f"gini@{k}": float(
            2 * (np.arange(1, offered + 1) @ rising) / (offered * places) - (offered + 1) / offered
        ),
        f"top_decile@{k}": float(times[popular].sum() / places),
        f"popularity_bias@{k}": float(rank[shown[shown >= 0]].mean() / right) if right else 0.0,
    }


def percentiles(takers: F64, candidates: Bool) -> F64:
    """For each item, the share of the items on offer that fewer customers took; those equal count half.

    >>> percentiles(np.array([5.0, 1.0, 1.0, 9.0]), np.ones(4, dtype=bool)).tolist()
    [0.625, 0.25, 0.25, 0.875]
    """
    offered = np.sort(takers[candidates])
    if not len(offered):
        return np.zeros(len(takers))
    below, upto = np.searchsorted(offered, takers, "left"), np.searchsorted(offered, takers, "right")
    return np.asarray((below + upto) / 2 / len(offered), dtype=np.float64)


def _rarity(task: Task) -> F64:
    customers = max(int((np.diff(task.taken.indptr) > 0).sum()), 1)
    return -np.log2(np.maximum(task.takers, 1.0) / customers)


def _diversity(lists: CSR, alike: CSR) -> F64:
    together = lists @ alike
    length = np.asarray(lists.sum(axis=1), dtype=np.float64).ravel()
    with_features = lists @ (np.diff(alike.indptr) > 0).astype(np.float64)
    square = np.asarray(together.multiply(together).sum(axis=1)).ravel()  # of the sum: all pairs, each twice
    return 1.0 - _over(square - with_features, length * (length - 1))


def _serendipity(shown: I32, hits: Bool, expected: Bool, profile: CSR, alike: CSR) -> F64:
    value = np.zeros(len(shown))
    row, place = np.nonzero(hits & ~expected[shown])
    if not len(row):
        return value
    profile = sparse.csr_array(profile)
    length = np.sqrt(np.asarray(profile.multiply(profile).sum(axis=1)).ravel())
    product = np.asarray(alike[shown[row, place]].multiply(profile[row]).sum(axis=1)).ravel()
    near = np.divide(product, length[row], out=np.zeros(len(row)), where=length[row] > 0)
    np.add.at(value, row, 1.0 - near)
    return value


def _calibration(history: Any, listed: Any) -> F64:
    had, has = np.asarray(history.todense()), np.asarray(listed.todense())
    totals = had.sum(axis=1), has.sum(axis=1)
    p, q = (_over(part, total[:, None]) for part, total in zip((had, has), totals, strict=True))
    q = (1 - _ALPHA) * np.nan_to_num(q) + _ALPHA * p
    ratio = np.divide(p, q, out=np.ones_like(p), where=(p > 0) & (q > 0))
    return np.where(totals[0] > 0, (np.nan_to_num(p) * np.log(ratio)).sum(axis=1), np.nan)


def _categories(task: Task) -> CSR | None:
    """Items x categories; None where the catalogue has none."""
    category = task.data.catalogue.category
    known = np.flatnonzero(category >= 0)
    if not len(known):
        return None
    shape = (task.data.items, int(category.max()) + 1)
    return pairs(known, category[known], shape).astype(np.float64)


def _histories(task: Task, rows: Any) -> CSR:
    """The distinct items of some histories, questions x items."""
    asked = task.asked
    starts, ends = asked.indptr[rows], asked.indptr[np.asarray(rows) + 1]
    lengths = ends - starts
    offset = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    items = asked.item[np.arange(int(lengths.sum())) + offset]
    return pairs(np.repeat(np.arange(len(rows)), lengths), items, (len(rows), task.data.items)).astype(
        np.float64
    )


def _lists(shown: I32, items: int) -> CSR:
    row, place = np.nonzero(shown >= 0)
    return pairs(row, shown[row, place], (len(shown), items)).astype(np.float64)


def _unit(matrix: CSR) -> CSR:
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    kept = length[rows] > 0
    data = matrix.data[kept] / length[rows][kept]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=matrix.shape[0]))])
    return sparse.csr_array((data, matrix.indices[kept], indptr), shape=matrix.shape)


def _over(top: Any, bottom: Any) -> F64:
    where = np.broadcast_to(np.asarray(bottom) > 0, np.shape(top))
    return np.asarray(np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=where))
