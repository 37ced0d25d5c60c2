"""EASE for long catalogues: each item predicted by ridge regression from the items nearest to it on the graph."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.data import CSR, F32, Data
from zhiyin.loop.recommend.interface import Space
from zhiyin.loop.recommend.kernel import damped, degrees, lifted, pruned, scaled, shared_by_some
from zhiyin.loop.recommend.linear import Linear
from zhiyin.loop.recommend.popularity import trend
from zhiyin.loop.recommend.supports import Problems, regressed


class SparseEase(Linear):
    """For each target j and its ``m`` nearest sources N the weights ``(G_NN + Λ)⁻¹ G_Nj``, G = ``XᵀD_u^-user X``.

    With all items as sources this is EASE (Steck, WWW 2019) to the last digit; with few it costs their cube,
    not that of the catalogue, and a table of tens of thousands of items takes a minute or two. Dense EASE made
    sparse is also the aim of Steck's Markov random fields (NeurIPS 2019) and of SANSA (Spišák et al., RecSys
    2023). ``Λ`` is ``l2 · n_i^spread + dropout/(1 - dropout) · G_ii``, the last from Steck (NeurIPS 2020);
    ``user`` above 0 weighs down customers who have much. ``half_life`` and ``taste_days`` as for ``Graph``.
    """

    PARAMETERS: ClassVar[Space] = {
        "l2": (20.0, 5.0, 80.0),
        "m": (200, 100, 400),
        "user": (0.5, 0.0, 1.0),
        "spread": (0.0, 0.5),
        "dropout": (0.0, 0.3),
        "half_life": (60.0, 15.0, np.inf),
        "taste_days": (90.0, 365.0, np.inf),
        "trend": (0.5, 0.0),
    }

    def __init__(
        self,
        l2: float = 20.0,
        m: int = 200,
        user: float = 0.5,
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
        self.weights_ = lifted(found, trend(data) ** np.float32(self.trend))
        return self


def nearest(taste: CSR, *, m: int, targets: np.ndarray) -> CSR:
    """The ``m`` sources that each target has most in common with, on the graph of ``Graph``; target x source."""
    given = scaled(degrees(taste, 0), -0.4)
    return pruned(
        damped(taste, user=0.5), taste, lambda to, of, together: together * given[of], k=m, targets=targets
    )


def ridge(batch: Problems, *, l2: np.ndarray, dropout: float = 0.0) -> F32:
    """The weights of a batch of regressions; ``l2`` is the penalty of each item."""
    gram, places = batch.gram.copy(), np.arange(batch.gram.shape[1])
    gram[:, places, places] *= 1 + dropout / (1 - dropout)
    gram[:, places, places] += np.where(batch.valid, l2[batch.sources], 1.0)
    return np.asarray(np.linalg.solve(gram, batch.wanted[:, :, None])[:, :, 0], dtype=np.float32)
