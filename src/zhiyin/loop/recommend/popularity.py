"""What most people bought lately: the floor that every other recommender must beat, and what fills short lists."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.arrays import F32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Recommender, Space
from zhiyin.loop.recommend.queries import Queries

LATELY = 30.0  # days
_YEAR = 365.0
_RARE = np.float32(1e-3)  # items this much rarer than the most popular have no trend worth the name


class Popularity(Recommender):
    """Items by the number of customers who took to them, each counting half after ``half_life`` days.

    A purchase counts more than an addition to the basket or a view. The same for everybody, less what is
    excluded.
    """

    PARAMETERS: ClassVar[Space] = {"half_life": (LATELY, 7.0, 90.0)}
    REASON: ClassVar[str] = "popular"
    counts_: F32

    def __init__(self, half_life: float = LATELY) -> None:
        self.half_life = half_life

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        self.counts_ = popularity(data, self.half_life)
        return self

    def score(self, asked: Queries) -> F32:
        counts = np.where(self.counts_ > 0, self.counts_, np.float32(-np.inf))
        return np.tile(counts, (len(asked), 1))

    def to_arrays(self) -> Arrays:
        return {"counts": self.counts_, "half_life": np.array(self.half_life)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(float(arrays["half_life"]))
        self.counts_ = arrays["counts"]
        return self


def popularity(data: Data, half_life: float = LATELY) -> F32:
    """Faded counts of the customers who took to each item, 1 for the most popular.

    A customer counts once for each kind of event, however often they came back.
    """
    log = data.latest
    faded = np.maximum(log.weight, 0) * 0.5 ** (data.age(log) / half_life)
    counts = np.bincount(log.item, faded, minlength=data.items)
    most = counts.max(initial=0.0)
    return np.asarray(counts / most if most > 0 else counts, dtype=np.float32)


def trend(data: Data, days: float = LATELY) -> F32:
    """Popularity of these days over the year's: above 1 for what sells better lately."""
    lately, lasting = popularity(data, days), popularity(data, _YEAR)
    return np.asarray(lately / np.maximum(lasting, _RARE), dtype=np.float32)
