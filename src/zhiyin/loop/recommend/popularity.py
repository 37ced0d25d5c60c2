"""What most people bought lately: the floor that every other recommender must beat, and its fallback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self

import pyarrow as pa

from zhiyin.domain.interaction import KIND_WEIGHTS
from zhiyin.domain.item import Item
from zhiyin.loop.recommend.matrix import build
from zhiyin.loop.recommend.ranked import Ranked
from zhiyin.loop.recommend.ranking import Ranking


class Popularity(Ranked):
    """Items by the number of customers who took to them, each counting half after ``half_life`` days.

    A purchase counts more than an addition to the basket or a view (``kinds``). The same for everybody,
    less what is excluded.
    """

    def __init__(self, half_life: float = 30.0, kinds: Mapping[str, float] = KIND_WEIGHTS) -> None:
        super().__init__(half_life=half_life, kinds=kinds)

    def fit(self, interactions: pa.Table, items: Sequence[Item], now: datetime) -> Self:
        matrix = build(interactions, items, now, kinds=self.kinds, popular_days=self.half_life)
        self.ranking_ = Ranking(
            matrix.item_ids, matrix.available, matrix.popularity, self.kinds, self.half_life
        )
        return self
