"""EASE^R: a linear model with a closed form, hard to beat on public data and exactly explainable."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.text import say
from zhiyin.loop.recommend.arrays import CSR, I64, Bool
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Space
from zhiyin.loop.recommend.item_neighbours import PAIR, neighbours
from zhiyin.loop.recommend.kernel import assembled, lifted, served, strongest
from zhiyin.loop.recommend.linear import Linear
from zhiyin.loop.recommend.popularity import trend

_TAIL_NEIGHBOURS = 50
_MOST = 15_000  # SciPy's LAPACK counts in 32 bits and crashes where a matrix is much larger


class Ease(Linear):
    """Each item predicted from all others by ridge regression without a diagonal.

    Steck (WWW 2019), "Embarrassingly Shallow Autoencoders for Sparse Data": with ``G = X'X + Λ`` and
    ``P = G^-1`` the weights are ``B_ij = -P_ij / P_jj``. ``Λ`` is ``l2``, and with a ``dropout`` p also
    ``p / (1 - p)`` times the diagonal of ``X'X``, which keeps weights on popular items in bounds (Steck, NeurIPS
    2020). ``max_items`` most touched items take part (memory grows with its square: 4,000 items take 64 MB while
    training, 10,000 take 400 MB, and 15,000 is the most); targets beyond them take the weights of
    ``ItemNeighbours``, scaled to compare. For longer catalogues there is ``SparseEase``. The ``keep`` strongest
    weights of each target are served. ``half_life``, ``taste_days``, ``trend`` and ``cap`` mean what they mean for
    ``ItemNeighbours``.
    """

    PARAMETERS: ClassVar[Space] = {
        "l2": (500.0, 200.0, 1000.0, 50.0),
        "dropout": (0.0, 0.3),
        "half_life": (60.0, 20.0, 180.0),
        "taste_days": (90.0, 30.0, 365.0),
        "trend": (0.5, 0.0, 1.0),
    }

    def __init__(
        self,
        l2: float = 500.0,
        dropout: float = 0.0,
        max_items: int = 4_000,
        keep: int = 300,
        half_life: float = 60.0,
        taste_days: float = 90.0,
        trend: float = 0.5,
        cap: int = 5_000,
    ) -> None:
        super().__init__(half_life=half_life)
        self.l2 = l2
        self.dropout = dropout
        self.max_items = max_items
        self.keep = keep
        self.taste_days = taste_days
        self.trend = trend
        self.cap = cap

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        if self.max_items > _MOST:
            raise ZhiyinError(
                say("EASE takes at most {most} items at once.", most=_MOST),
                why=say("It would take {size} GB of memory.", size=round(self.max_items**2 * 4 / 1e9)),
                fix=say("Use a smaller max_items, or sparse_ease, which is made for long catalogues."),
            )
        taste, available = data.matrix(half_life=self.taste_days, cap=self.cap), data.catalogue.available
        touched = np.bincount(taste.indices, minlength=data.items)
        order = np.lexsort((np.arange(len(touched)), -touched))
        head = np.sort(order[: self.max_items][touched[order[: self.max_items]] > 0])
        weights = linear(taste, head, available, l2=self.l2, keep=self.keep, dropout=self.dropout)
        tail = available & (touched > 0)
        tail[head] = False
        if tail.any():
            weights = sparse.csr_array(weights + tail_weights(taste, tail, weights))
            weights.sort_indices()
        self.weights_ = lifted(weights, trend(data) ** np.float32(self.trend))
        return self

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return 0.2 + PAIR * data.together + 4e-11 * min(data.items, cls().max_items) ** 3


def linear(taste: CSR, head: I64, available: Bool, *, l2: float, keep: int, dropout: float = 0.0) -> CSR:
    """The EASE weights between the items of ``head``, for available targets, the strongest of each."""
    size = taste.shape[1]
    if not len(head):
        return sparse.csr_array((size, size), dtype=np.float32)
    known = taste[:, head]
    gram = np.asarray((known.T @ known).toarray(), dtype=np.float32, order="F")
    gram[np.diag_indices_from(gram)] *= 1 + dropout / (1 - dropout)
    gram[np.diag_indices_from(gram)] += l2
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    if not failed:
        inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise ZhiyinError(
            say("EASE could not be trained: the matrix of interactions is not positive definite."),
            why=say("LAPACK stopped at {failed}.", failed=failed),
            fix=say("Use a larger l2."),
        )
    diagonal = inverse.diagonal().copy()
    lengths = np.zeros(size, dtype=np.int64)
    sources, weights = [], []
    whole = np.array([0, len(head)])
    for place in np.flatnonzero(available[head]):
        # only the lower triangle is filled: the column below the diagonal, the row before it
        column = np.concatenate([inverse[place, :place], inverse[place:, place]])
        column = -column / diagonal[place]
        column[place] = 0.0
        kept = strongest(column, head, whole, keep)
        lengths[head[place]] = len(kept)
        sources.append(head[kept])
        weights.append(column[kept])
    return served(assembled(lengths, sources, weights))


def tail_weights(taste: CSR, tail: Bool, head_weights: CSR) -> CSR:
    """Neighbour weights of the targets ``tail``, sized so that their scores compare with those of the head.

    A linear model predicts each item about as often as it is taken, times a shrinkage that grows as items get
    rarer. So each tail target is scaled to score, on average over all customers, what it is taken, times the
    shrinkage of the rarer half of the head.
    """
    near = neighbours(taste, tail, k=_TAIL_NEIGHBOURS, shrinkage=10.0)
    taken = np.asarray(taste.mean(axis=0), dtype=np.float64).ravel()
    head_score, near_score = np.maximum(taken @ head_weights, 0.0), taken @ near
    head = np.flatnonzero(head_score)
    rarer = head[taken[head] <= np.median(taken[head])] if len(head) else head
    shrunk = float(np.median(head_score[rarer] / taken[rarer])) if len(rarer) else 0.0
    factors = np.divide(shrunk * taken, near_score, out=np.zeros_like(taken), where=near_score > 0)
    return lifted(near, factors.astype(np.float32))
