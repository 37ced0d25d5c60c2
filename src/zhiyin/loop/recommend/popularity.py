"""What most people bought lately: the floor that every other recommender must beat, and its fallback."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Self

import pyarrow as pa

from zhiyin.domain.interaction import KIND_WEIGHTS, Interaction
from zhiyin.domain.item import Item
from zhiyin.domain.recommendation import Recommendation
from zhiyin.loop.recommend.interface import Arrays
from zhiyin.loop.recommend.matrix import build
from zhiyin.loop.recommend.ranking import Ranking


class Popularity:
    """Items by the number of customers who took to them, each counting half after ``half_life`` days.

    A purchase counts more than an addition to the basket or a view (``kinds``). The same for everybody,
    less what is excluded.
    """

    def __init__(self, half_life: float = 30.0, kinds: Mapping[str, float] = KIND_WEIGHTS) -> None:
        self.half_life = half_life
        self.kinds = kinds

    def fit(self, interactions: pa.Table, items: Sequence[Item], now: datetime) -> Self:
        matrix = build(interactions, items, now, kinds=self.kinds, popular_days=self.half_life)
        self.ranking_ = Ranking(
            matrix.item_ids, matrix.available, matrix.popularity, self.kinds, self.half_life
        )
        return self

    def recommend(
        self, history: Sequence[Interaction], n: int, exclude: Collection[str] = ()
    ) -> list[Recommendation]:
        return self.ranking_.rank([history], n, exclude)[0]

    def recommend_many(
        self,
        histories: Sequence[Sequence[Interaction]],
        n: int,
        exclude: Collection[str] = (),
        excludes: Sequence[Collection[str]] | None = None,
    ) -> list[list[Recommendation]]:
        return self.ranking_.rank(histories, n, exclude, excludes)

    def to_arrays(self) -> Arrays:
        return self.ranking_.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        ranking = Ranking.from_arrays(arrays)
        self = cls(ranking.half_life, ranking.kinds)
        self.ranking_ = ranking
        return self
