"""EASE for long catalogues: each item predicted by ridge regression from the items nearest to it on the graph."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Space
from zhiyin.loop.recommend.kernel import (
    Array,
    damped,
    degrees,
    lifted,
    pruned,
    scaled,
    served,
    shared_by_some,
)
from zhiyin.loop.recommend.linear import Linear
from zhiyin.loop.recommend.popularity import trend
from zhiyin.loop.recommend.supports import Problems, regressed


class SparseEase(Linear):
    """For each target j and its ``m`` nearest sources N the weights ``(G_NN + Λ)⁻¹ G_Nj``, G = ``XᵀD_u^-user X``.

    With all items as sources this is EASE (Steck, WWW 2019) to the last digit; with few it costs their cube,
    not that of the catalogue, and a table of tens of thousands of items takes a minute or two. Dense EASE made
    sparse is also the aim of Steck's Markov random fields (NeurIPS 2019) and of SANSA (Spišák et al., RecSys
    2023). ``Λ`` is ``l2 · n_i^spread + dropout/(1 - dropout) · G_ii``, the last from Steck (NeurIPS 2020);
    ``user`` above 0 weighs down customers who have much. ``walk`` adds the weights of the graph between the same
    items, at that share of the regression's: what regression on a short history leaves out, the walk has.
    ``half_life`` and ``taste_days`` as for ``Graph``.
    """

    PARAMETERS: ClassVar[Space] = {
        "l2": (20.0, 5.0, 80.0),
        "m": (100, 50, 200),
        "user": (0.0, 0.5, 1.0),
        "walk": (0.3, 0.0, 1.0),
        "spread": (0.0, 0.5),
        "dropout": (0.0, 0.3),
        "half_life": (60.0, 15.0, np.inf),
        "taste_days": (90.0, 365.0, np.inf),
        "trend": (0.5, 0.0),
    }

    def __init__(
        self,
        l2: float = 20.0,
        m: int = 100,
        user: float = 0.0,
        walk: float = 0.3,
        spread: float = 0.0,
        dropout: float = 0.0,
        half_life: float = 60.0,
        taste_days: float = 90.0,
        trend: float = 0.5,
        cap: int = 500,
    ) -> None:
        super().__init__(half_life=half_life)
        self.l2 = l2
        self.m = m
        self.user = user
        self.walk = walk
        self.spread = spread
        self.dropout = dropout
        self.taste_days = taste_days
        self.trend = trend
        self.cap = cap

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        taste = data.matrix(half_life=self.taste_days, cap=self.cap)
        targets = shared_by_some(taste, data.catalogue.available)
        near = nearest(taste, m=self.m, targets=targets)
        size = degrees(taste, 0)
        found = regressed(
            damped(taste, user=self.user / 2),
            near,
            lambda batch: ridge(batch, l2=self.l2 * size**self.spread, dropout=self.dropout),
        )
        if self.walk:
            found = blended(found, served(near), self.walk)
        self.weights_ = lifted(found, trend(data) ** np.float32(self.trend))
        return self


def nearest(taste: CSR, *, m: int, targets: Array) -> CSR:
    """The ``m`` sources that each target has most in common with, by the kernel of ``Graph``; target x source."""
    size = degrees(taste, 0)
    given, wanted = scaled(size, -0.4), scaled(size, -0.3)
    return pruned(
        damped(taste, user=0.5),
        taste,
        lambda to, of, together: together * given[of] * wanted[to],
        k=m,
        targets=targets,
    )


def blended(weights: CSR, others: CSR, share: float) -> CSR:
    """The sum of both, the others at a ``share`` of all the weight there is in the first."""
    most, whole = float(np.abs(weights.data).sum()), float(others.data.sum())
    if not whole:
        return weights
    both = sparse.csr_array(weights + others * np.float32(share * most / whole))
    both.sort_indices()
    return both


def ridge(batch: Problems, *, l2: np.ndarray, dropout: float = 0.0) -> F32:
    """The weights of a batch of regressions; ``l2`` is the penalty of each item."""
    gram, places = batch.gram.copy(), np.arange(batch.gram.shape[1])
    gram[:, places, places] *= 1 + dropout / (1 - dropout)
    gram[:, places, places] += np.where(batch.valid, l2[batch.sources], 1.0)
    return np.asarray(np.linalg.solve(gram, batch.wanted[:, :, None])[:, :, 0], dtype=np.float32)
