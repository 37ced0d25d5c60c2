"""Items that the same people like: how alike the columns of the matrix are, shrunk and pruned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, F64, Bool
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Space
from zhiyin.loop.recommend.kernel import Array, degrees, lifted, pruned, served, shared_by_some
from zhiyin.loop.recommend.linear import Linear
from zhiyin.loop.recommend.popularity import trend

Likeness = Literal["cosine", "jaccard", "conditional", "pearson"]
Weighting = Literal["plain", "tfidf", "bm25"]
_K1, _B = 1.2, 0.75  # what BM25 is usually set to

PAIR = 3e-8  # CPU-seconds to count that two items go together


class ItemNeighbours(Linear):
    """Item-to-item neighbours, each target with its ``k`` nearest sources.

    ``likeness`` of the items i and j, n of them had by how many, c by how many both: ``cosine`` of the columns,
    ``x_i · x_j / (|x_i| |x_j| + shrinkage)``; ``jaccard``, ``c / (n_i + n_j − c + shrinkage)``; ``conditional``,
    ``c / (n_i + shrinkage)``, how many of those with i have j; ``pearson``, the correlation of having i with
    having j, its norm plus ``shrinkage``. ``shrinkage`` distrusts pairs seen together by few. ``weighting``
    counts rare items, and with BM25 people of few items, for more before cosines are taken. Pruning by target
    is worth a sixth of Recall@20 over pruning by source. Half-lives in days: ``half_life`` fades older events of the
    customer asking, ``taste_days`` those learned from. ``trend`` is the power to which a target's recent over
    lasting popularity lifts its weights. Of a customer the ``cap`` items touched last count.

    Sarwar et al. (WWW 2001); Deshpande & Karypis (ACM TOIS 2004); BM25: Robertson & Zaragoza (2009).
    """

    PARAMETERS: ClassVar[Space] = {
        "k": (100, 200, 50),
        "shrinkage": (10.0, 50.0, 2.0),
        "likeness": ("cosine", "jaccard", "conditional", "pearson"),
        "weighting": ("plain", "bm25", "tfidf"),
        "half_life": (60.0, 20.0, 180.0),
        "taste_days": (90.0, 30.0, 365.0),
        "trend": (0.5, 0.0, 1.0),
    }

    def __init__(
        self,
        k: int = 100,
        shrinkage: float = 10.0,
        likeness: Likeness = "cosine",
        weighting: Weighting = "plain",
        half_life: float = 60.0,
        taste_days: float = 90.0,
        trend: float = 0.5,
        cap: int = 5_000,
    ) -> None:
        super().__init__(half_life=half_life)
        self.k = k
        self.shrinkage = shrinkage
        self.likeness = likeness
        self.weighting = weighting
        self.taste_days = taste_days
        self.trend = trend
        self.cap = cap

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        taste = weighted(data.matrix(half_life=self.taste_days, cap=self.cap), self.weighting)
        weights = neighbours(
            taste, data.catalogue.available, k=self.k, shrinkage=self.shrinkage, likeness=self.likeness
        )
        self.weights_ = lifted(weights, trend(data) ** np.float32(self.trend))
        return self

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return 0.2 + PAIR * data.together


def neighbours(
    taste: CSR, available: Bool, *, k: int, shrinkage: float, likeness: Likeness = "cosine"
) -> CSR:
    """Sparse weights, source x target, for the available targets; the diagonal is empty.

    A target that one customer alone took to has none: it would repeat that customer's history.
    """
    if likeness == "cosine":
        told = taste
    else:
        told = sparse.csr_array((np.ones_like(taste.data), taste.indices, taste.indptr), shape=taste.shape)
    count = degrees(told * told, 0)
    weigh = _LIKENESSES[likeness](count, taste.shape[0], shrinkage)
    return served(pruned(told, told, weigh, k=k, targets=shared_by_some(taste, available)))


def weighted(taste: CSR, weighting: Weighting) -> CSR:
    """The matrix with its cells reweighted: customers are documents, items their words."""
    if weighting == "plain":
        return taste
    people = np.bincount(taste.indices, minlength=taste.shape[1])
    rare = np.log1p((taste.shape[0] - people + 0.5) / (people + 0.5))
    values = taste.data.astype(np.float64)
    if weighting == "bm25":
        length = degrees(taste, 1)
        norm = _K1 * (1 - _B + _B * length / max(length.mean(), 1e-12))
        values = values * (_K1 + 1) / (values + np.repeat(norm, np.diff(taste.indptr)))
    values = (values * rare[taste.indices]).astype(np.float32)
    return sparse.csr_array((values, taste.indices, taste.indptr), shape=taste.shape)


def _cosine(count: F64, people: int, shrinkage: float) -> Any:
    norms = np.sqrt(count)
    return lambda to, of, both: both / (norms[of] * norms[to] + shrinkage)


def _jaccard(count: F64, people: int, shrinkage: float) -> Any:
    return lambda to, of, both: both / (count[of] + count[to] - both + shrinkage)


def _conditional(count: F64, people: int, shrinkage: float) -> Any:
    return lambda to, of, both: both / (count[of] + shrinkage)


def _pearson(count: F64, people: int, shrinkage: float) -> Any:
    spread = np.sqrt(np.maximum(count * (people - count), 1e-12) / max(people, 1))

    def weigh(to: Array, of: Array, both: F32) -> Array:
        more = both - count[of] * count[to] / people  # than chance would have brought together
        return np.asarray(np.maximum(more, 0) / (spread[of] * spread[to] + shrinkage))

    return weigh


_LIKENESSES: dict[str, Callable[[F64, int, float], Any]] = {
    "cosine": _cosine,
    "jaccard": _jaccard,
    "conditional": _conditional,
    "pearson": _pearson,
}
