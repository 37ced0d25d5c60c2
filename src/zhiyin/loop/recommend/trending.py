"""What is on the rise: items that more customers take to now than a while ago."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.arrays import DAY, F32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Recommender, Space
from zhiyin.loop.recommend.queries import Queries


class Trending(Recommender):
    """Items by how much they grew: ``(now + κ) / (before + κ)``, both weighted counts of customers who took to them.

    ``now`` is the last ``days`` days, ``before`` as many before those. With κ = ``smoothing`` growth is the mean of
    a Gamma prior around 1 and the counts (Gelman et al., Bayesian Data Analysis, 2.6), so that two purchases
    after none are no trend; a very large one ranks by the plain difference. What does not grow is not claimed.
    """

    PARAMETERS: ClassVar[Space] = {"days": (14.0, 7.0, 28.0), "smoothing": (10.0, 3.0, 100.0)}
    REQUIRES: ClassVar[frozenset[str]] = frozenset({"times"})
    REASON: ClassVar[str] = "trending"
    growth_: F32

    def __init__(self, days: float = 14.0, smoothing: float = 10.0) -> None:
        self.days = days
        self.smoothing = smoothing

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        span = round(self.days * DAY)
        now, before = (_taken(data, data.now - back * span, span) for back in (0, 1))
        self.growth_ = ((now + self.smoothing) / (before + self.smoothing)).astype(np.float32)
        return self

    def score(self, asked: Queries) -> F32:
        grown = np.where(self.growth_ > 1, self.growth_, np.float32(-np.inf))
        return np.tile(grown, (len(asked), 1))

    def to_arrays(self) -> Arrays:
        return {"growth": self.growth_, "days": np.array(self.days), "smoothing": np.array(self.smoothing)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(float(arrays["days"]), float(arrays["smoothing"]))
        self.growth_ = arrays["growth"]
        return self


def _taken(data: Data, until: int, span: int) -> np.ndarray:
    """Weighted customers of each item in the ``span`` before ``until``; each counts once for a kind of event."""
    log = data.log
    rows = np.flatnonzero((log.at > until - span) & (log.at <= until) & (log.weight > 0))
    keys = np.stack([log.user[rows], log.item[rows], log.kind[rows]])
    _, first = np.unique(keys, axis=1, return_index=True)
    once = rows[first]
    return np.bincount(log.item[once], log.weight[once], minlength=data.items)
