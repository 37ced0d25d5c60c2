"""Serving from a ranking: what the built-in recommenders share once they are fitted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Self

from zhiyin.domain.interaction import Interaction
from zhiyin.domain.recommendation import Recommendation
from zhiyin.loop.recommend.interface import Arrays
from zhiyin.loop.recommend.ranking import Ranking


class Ranked:
    """A recommender whose ``fit`` learns a ``ranking_``, which then answers.

    The constructor of a class that inherits takes ``half_life`` and ``kinds``, which serving needs as well.
    """

    ranking_: Ranking

    def __init__(self, *, half_life: float, kinds: Mapping[str, float]) -> None:
        self.half_life = half_life
        self.kinds = kinds

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
        self = cls(half_life=ranking.half_life, kinds=ranking.kinds)
        self.ranking_ = ranking
        return self
