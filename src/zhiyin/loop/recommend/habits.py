"""What the customer takes again and again: often and lately, then what everybody takes.

Item i scores ``f_i · 2^(-age of its last time / half_life) + κ · popularity_i`` with f the share of the
customer's last ``visits`` that i was part of: the user-wise popularity of Faggioli, Polato & Aiolli (Recency
aware collaborative filtering for next basket recommendation, UMAP 2020). That how often somebody takes an item
tells most of the next basket is the finding of Hu et al. (Modeling personalized item frequency information for
next-basket recommendation, SIGIR 2020).
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.arrays import F32, I32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space
from zhiyin.loop.recommend.queries import Queries

_NAMES = ("visits", "half_life", "popular")


class Habits(Recommender):
    """Own items by how often and how lately they were taken, then by popularity.

    Events of one moment are one visit, as the lines of an order are; the last ``visits`` of them count.
    ``half_life`` is in days, ``popular`` is κ above, what the most popular item has in advance.
    """

    PARAMETERS: ClassVar[Space] = {
        "visits": (20, 5, 100),
        "half_life": (60.0, 14.0, np.inf),
        "popular": (0.01, 0.1, 1e-6),
    }

    def __init__(self, visits: int = 20, half_life: float = 60.0, popular: float = 0.01) -> None:
        self.visits = visits
        self.half_life = half_life
        self.popular = popular

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        counts = np.bincount(data.log.item, data.log.weight, minlength=data.items)
        return self._ready((counts / max(counts.max(initial=0), 1e-12)).astype(np.float32))

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return 1e-7 * len(data.log)

    def score(self, asked: Queries) -> F32:
        scores = np.broadcast_to(
            self.popularity_ * np.float32(self.popular), (len(asked), len(self.popularity_))
        )
        scores = np.where(scores > 0, scores, np.float32(-np.inf))
        row, item, worth = self._own(asked)
        scores[row, item] = np.maximum(scores[row, item], 0) + worth
        return scores

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        one = asked.block(row, row + 1)
        _, item, worth = self._own(one)
        own = dict(zip(item.tolist(), worth.tolist(), strict=True))
        last = {int(item): place for place, item in enumerate(one.item)}
        return [[(last[int(i)], own[int(i)])] if int(i) in own else [] for i in items]

    def to_arrays(self) -> Arrays:
        return {**{name: np.array(getattr(self, name)) for name in _NAMES}, "popularity": self.popularity_}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(**{name: arrays[name].item() for name in _NAMES})._ready(arrays["popularity"])

    def _ready(self, popularity: F32) -> Self:
        self.popularity_ = popularity
        return self

    def _own(self, asked: Queries) -> tuple[Any, Any, Any]:
        """Question, item and share of visits, faded, of every item that was part of the last visits."""
        row = asked.row_of()
        new = np.ones(len(row), dtype=np.bool_)
        new[1:] = (np.diff(row) != 0) | (np.diff(asked.age) != 0)
        visit = np.cumsum(new) - 1  # over all questions
        many = np.bincount(row[new], minlength=len(asked))
        left = np.cumsum(many)[row] - visit  # 1 for the last visit of a question
        counted = np.minimum(many, self.visits)
        kept = np.flatnonzero(left <= self.visits)
        order = kept[np.lexsort((visit[kept], asked.item[kept], row[kept]))]
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (np.diff(row[order]) != 0) | (np.diff(asked.item[order]) != 0)
        again = np.zeros(len(order), dtype=np.bool_)
        again[1:] = ~first[1:] & (np.diff(visit[order]) == 0)  # twice in one visit
        group = np.cumsum(first) - 1
        times = np.bincount(group[~again], minlength=first.sum())
        youngest = np.full(first.sum(), np.inf)
        np.minimum.at(youngest, group, asked.age[order])
        rows, items = row[order][first], asked.item[order][first]
        worth = times / counted[rows] * 0.5 ** (youngest / self.half_life)
        return rows, items, worth.astype(np.float32)
