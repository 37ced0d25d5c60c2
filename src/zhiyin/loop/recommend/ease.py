"""EASE^R: a linear model with a closed form, hard to beat on public data and exactly explainable."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.text import say
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Space
from zhiyin.loop.recommend.item_neighbours import assemble, lifted, neighbours, strongest
from zhiyin.loop.recommend.linear import Linear
from zhiyin.loop.recommend.popularity import trend

_TAIL_NEIGHBOURS = 50


class Ease(Linear):
    """Each item predicted from all others by ridge regression without a diagonal.

    Steck (2019), "Embarrassingly Shallow Autoencoders for Sparse Data": with ``G = X'X + l2 I`` and
    ``P = G^-1`` the weights are ``B_ij = -P_ij / P_jj``. ``max_items`` most touched items take part (memory
    grows with its square: 4,000 items take 64 MB while training, 10,000 take 400 MB); targets beyond them
    take the weights of ``ItemNeighbours``, scaled to compare. The ``keep`` strongest weights of each
    target are served. ``half_life``, ``taste_days``, ``trend`` and ``cap`` mean what they mean for
    ``ItemNeighbours``.
    """

    PARAMETERS: ClassVar[Space] = {
        "l2": (500.0, 200.0, 1000.0, 50.0),
        "half_life": (60.0, 20.0, 180.0),
        "taste_days": (90.0, 30.0, 365.0),
        "trend": (0.5, 0.0, 1.0),
    }

    def __init__(
        self,
        l2: float = 500.0,
        max_items: int = 4_000,
        keep: int = 300,
        half_life: float = 60.0,
        taste_days: float = 90.0,
        trend: float = 0.5,
        cap: int = 5_000,
    ) -> None:
        super().__init__(half_life=half_life)
        self.l2 = l2
        self.max_items = max_items
        self.keep = keep
        self.taste_days = taste_days
        self.trend = trend
        self.cap = cap

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        taste, available = data.matrix(half_life=self.taste_days, cap=self.cap), data.catalogue.available
        touched = np.bincount(taste.indices, minlength=data.items)
        order = np.lexsort((np.arange(len(touched)), -touched))
        head = np.sort(order[: self.max_items][touched[order[: self.max_items]] > 0])
        weights = linear(taste, head, available, l2=self.l2, keep=self.keep)
        tail = available & (touched > 0)
        tail[head] = False
        if tail.any():
            weights = sparse.csr_array(weights + tail_weights(taste, tail, weights))
            weights.sort_indices()
        self.weights_ = lifted(weights, trend(data) ** np.float32(self.trend))
        return self


def linear(
    taste: Any, head: np.ndarray[Any, Any], available: np.ndarray[Any, Any], *, l2: float, keep: int
) -> Any:
    """The EASE weights between the items of ``head``, for available targets, the strongest of each."""
    size = taste.shape[1]
    if not len(head):
        return assemble([], size)
    known = taste[:, head]
    gram = np.asarray((known.T @ known).toarray(), dtype=np.float32, order="F")
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
    parts = []
    for place in np.flatnonzero(available[head]):
        # only the lower triangle is filled: the column below the diagonal, the row before it
        column = np.concatenate([inverse[place, :place], inverse[place:, place]])
        column = -column / diagonal[place]
        column[place] = 0.0
        kept = strongest(column, keep)
        parts.append((head[kept], np.full(len(kept), head[place]), column[kept]))
    return assemble(parts, size)


def tail_weights(taste: Any, tail: np.ndarray[Any, Any], head_weights: Any) -> Any:
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
