"""ranked lists + right answers → precision, recall, NDCG and their kin, one value for each question.

T is the set of right answers of a question, L the first k items shown. Gains are binary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zhiyin.loop.recommend.arrays import F64, I64, Bool

# what each figure is, printed with every report; LIST says it of lists, the rest of ratings and the whole
LIST: Mapping[str, str] = {
    "precision": "|L∩T| / k",
    "recall": "|L∩T| / |T|",
    "recall_capped": "|L∩T| / min(k, |T|) (Liang et al. 2018)",
    "f1": "2 · precision · recall / (precision + recall)",
    "hit_rate": "1 if L holds any of T, else 0",
    "mrr": "1 / rank of the first hit within k, else 0",
    "map": "sum over hits of the precision at their rank, / min(k, |T|)",
    "map_trec": "sum over hits of the precision at their rank, / |T| (trec_eval)",
    "ndcg": "sum over hits of 1 / log2(rank + 1), / its largest possible value with min(k, |T|) hits",
}
COLD: Mapping[str, str] = {
    "recall_cold": "recall among the right answers that at most 4 customers took in training",
}
ERRORS: Mapping[str, str] = {
    "rmse": "root of the mean squared error of foretold ratings, these clipped to the range of training",
    "mae": "mean absolute error of foretold ratings, these clipped to the range of training",
}


def of_lists(hits: Bool, sizes: I64, ks: Sequence[int]) -> dict[str, F64]:
    """Each figure of ``LIST`` at each k, as ``name@k``.

    ``hits`` is questions x places, true where the item shown is a right answer; ``sizes`` counts the right
    answers of each question, one at least.

    >>> found = of_lists(np.array([[False, True]]), np.array([1]), [2])
    >>> float(found["recall@2"][0]), round(float(found["ndcg@2"][0]), 4)
    (1.0, 0.6309)
    """
    if len(sizes) and sizes.min() < 1:
        raise ValueError("a question without right answers measures nothing")
    found: dict[str, F64] = {}
    longest = hits.shape[1]
    discount = 1.0 / np.log2(np.arange(2, longest + 2))
    ideal = np.cumsum(discount)
    rank = np.arange(1, longest + 1)
    exact = np.cumsum(hits, axis=1) / rank * hits  # precision at the rank of each hit
    for k in ks:
        best = np.minimum(k, sizes)
        shown = hits[:, :k]
        count = shown.sum(axis=1)
        precision, recall = count / k, count / sizes
        summed = exact[:, :k].sum(axis=1)
        first = np.where(shown.any(axis=1), shown.argmax(axis=1) + 1, np.inf)
        total = precision + recall
        found |= {
            f"precision@{k}": precision,
            f"recall@{k}": recall,
            f"recall_capped@{k}": count / best,
            f"f1@{k}": np.divide(2 * precision * recall, total, out=np.zeros(len(sizes)), where=total > 0),
            f"hit_rate@{k}": (count > 0).astype(np.float64),
            f"mrr@{k}": 1.0 / first,
            f"map@{k}": summed / best,
            f"map_trec@{k}": summed / sizes,
            f"ndcg@{k}": shown @ discount[:k] / ideal[best - 1],
        }
    return found


def errors(foretold: F64, rated: F64) -> tuple[F64, F64]:
    """The squared and the absolute error of each rating; their means are MSE and MAE.

    >>> squared, absolute = errors(np.array([3.0, 5.0]), np.array([4.0, 5.0]))
    >>> squared.tolist(), absolute.tolist()
    ([1.0, 0.0], [1.0, 0.0])
    """
    off = np.asarray(foretold, dtype=np.float64) - np.asarray(rated, dtype=np.float64)
    return off**2, np.abs(off)
