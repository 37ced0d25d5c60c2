"""What the customer touched last, the latest first: the honest baseline of every list "recently viewed"."""

from __future__ import annotations

from typing import Self

import numpy as np

from zhiyin.loop.recommend.arrays import F32, I32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender
from zhiyin.loop.recommend.queries import Queries


class Recent(Recommender):
    """The customer's own items, the last touched first, without the one being looked at.

    It says nothing of items that the customer does not know: those fill up by popularity.
    """

    def __init__(self) -> None:
        """There is nothing to choose."""

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        self.items_ = data.items
        return self

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return 0.0

    def score(self, asked: Queries) -> F32:
        scores = np.full((len(asked), self.items_), -np.inf, dtype=np.float32)
        lengths = np.diff(asked.indptr)
        back = np.repeat(asked.indptr[1:], lengths) - 1 - np.arange(len(asked.item))
        np.maximum.at(scores, (asked.row_of(), asked.item), (1 / (1 + back)).astype(np.float32))
        looked = np.flatnonzero(asked.context >= 0)
        scores[looked, asked.context[looked]] = -np.inf
        return scores

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        one = asked.block(row, row + 1)
        scores = self.score(one)[0]
        last = {int(item): place for place, item in enumerate(one.item)}
        return [[(last[int(i)], float(scores[i]))] if scores[i] > 0 else [] for i in items]

    def to_arrays(self) -> Arrays:
        return {"items": np.array(self.items_)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls()
        self.items_ = arrays["items"].item()
        return self
