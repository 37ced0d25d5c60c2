"""Sparse linear weights that are never negative: few sources an item, easy to read and cheap to serve."""

from __future__ import annotations

import math
from typing import ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.arrays import F32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Space
from zhiyin.loop.recommend.kernel import damped, lifted, shared_by_some
from zhiyin.loop.recommend.linear import Linear
from zhiyin.loop.recommend.popularity import trend
from zhiyin.loop.recommend.sparse_ease import nearest
from zhiyin.loop.recommend.supports import Problems, regressed


class Slim(Linear):
    """Each target j from its ``m`` nearest sources: least ``½wᵀGw − wᵀG_j + ½·l2·|w|² + l1·Σw`` with ``w ≥ 0``.

    SLIM (Ning & Karypis, ICDM 2011), the sources chosen beforehand as they propose for speed; solved for many
    targets together by accelerated projected gradients (Beck & Teboulle, SIAM J. Imaging Sciences 2009).
    ``user`` above 0 weighs down customers who have much. ``half_life`` and ``taste_days`` as for ``Graph``.
    """

    PARAMETERS: ClassVar[Space] = {
        "l1": (0.5, 0.1, 2.0),
        "l2": (10.0, 2.0, 50.0),
        "m": (100, 50, 200),
        "user": (0.5, 0.0),
        "half_life": (60.0, 15.0, np.inf),
        "taste_days": (90.0, 365.0, np.inf),
        "trend": (0.5, 0.0),
    }

    def __init__(
        self,
        l1: float = 0.5,
        l2: float = 10.0,
        m: int = 100,
        user: float = 0.5,
        steps: int = 100,
        half_life: float = 60.0,
        taste_days: float = 90.0,
        trend: float = 0.5,
        cap: int = 500,
    ) -> None:
        super().__init__(half_life=half_life)
        self.l1 = l1
        self.l2 = l2
        self.m = m
        self.user = user
        self.steps = steps
        self.taste_days = taste_days
        self.trend = trend
        self.cap = cap

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        taste = data.matrix(half_life=self.taste_days, cap=self.cap)
        near = nearest(taste, m=self.m, targets=shared_by_some(taste, data.catalogue.available))
        found = regressed(
            damped(taste, user=self.user / 2),
            near,
            lambda batch: lasso(batch, l1=self.l1, l2=self.l2, steps=self.steps),
        )
        self.weights_ = lifted(found, trend(data) ** np.float32(self.trend))
        return self


def lasso(batch: Problems, *, l1: float, l2: float, steps: int) -> F32:
    """The weights of a batch of regressions, none negative; exact 0 where a source adds nothing."""
    gram = batch.gram.copy()
    places = np.arange(gram.shape[1])
    gram[:, places, places] += np.float32(l2)
    pull = np.where(batch.valid, batch.wanted - np.float32(l1), np.float32(-1.0))[:, :, None]
    rate = 1 / _steepest(gram)[:, None, None]
    weights = np.zeros_like(pull)
    ahead, momentum = weights, 1.0
    for _ in range(steps):
        moved = np.maximum(ahead + rate * (pull - gram @ ahead), 0)
        following = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        ahead = moved + np.float32((momentum - 1) / following) * (moved - weights)
        weights, momentum = moved, following
    return np.asarray(weights[:, :, 0], dtype=np.float32)


def _steepest(gram: F32) -> F32:
    """At least the largest eigenvalue of each matrix, whose cells are not negative: its largest sum of a row."""
    return np.asarray(gram.sum(axis=2).max(axis=1), dtype=np.float32)
