"""Several recommenders, one list: their scores, each on a scale of its own, weighed and added up.

Member m scores s_m; the blend ``Σ_m w_m s_m / max s_m``, the largest over the items of the same question. Dividing
by the largest keeps what no member speaks for at nothing, and a blend of sums a sum, so that it can still tell why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.arrays import F32, I32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space
from zhiyin.loop.recommend.members import expected, kept, restored, taught
from zhiyin.loop.recommend.queries import Queries


class Blend(Recommender):
    """``members`` are names of the registry, ``weights`` theirs in the same order, ``settings`` their parameters.

    The weights are to be chosen on validation data. A member that has nothing to say of an item adds nothing;
    only positive scores count.
    """

    PARAMETERS: ClassVar[Space] = {"weights": ((1.0, 1.0), (1.0, 0.5), (0.5, 1.0), (1.0, 0.2))}
    LINEAR: ClassVar[bool] = True

    def __init__(
        self,
        members: Sequence[str] = ("markov", "ease"),
        weights: Sequence[float] = (1.0, 1.0),
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.members = members
        self.weights = weights
        self.settings = settings

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        return self._ready(taught(self.members, self.settings, data, rng))

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return expected(cls().members, data)

    def score(self, asked: Queries) -> F32:
        total: Any = np.float32(0)
        for weight, model in zip(self.weights, self.models_, strict=True):
            total = total + _scaled(model.score(asked)) * np.float32(weight)
        return np.where(total > 0, total, np.float32(-np.inf))

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        one = asked.block(row, row + 1)
        parts: list[dict[int, float]] = [{} for _ in items]
        for weight, model in zip(self.weights, self.models_, strict=True):
            largest = model.score(one)[0].max(initial=0.0)
            for own, told in zip(parts, model.explain(one, 0, items), strict=True):
                for place, part in told:
                    own[place] = own.get(place, 0.0) + weight * part / largest
        return [sorted(own.items(), key=lambda cause: (-cause[1], cause[0])) for own in parts]

    def to_arrays(self) -> Arrays:
        return {
            "members": np.array(list(self.members), dtype=np.str_),
            "weights": np.array(list(self.weights), dtype=np.float64),
            **kept(self.members, self.models_),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        members = tuple(arrays["members"].tolist())
        return cls(members, tuple(arrays["weights"].tolist()))._ready(restored(members, arrays))

    def _ready(self, models: Sequence[Recommender]) -> Self:
        self.models_ = models
        return self


def _scaled(scores: F32) -> F32:
    """Positive scores as shares of the largest of their row, the others 0."""
    positive: F32 = np.where(scores > 0, scores, np.float32(0))
    largest = positive.max(axis=1, initial=0.0)[:, None]
    np.divide(positive, largest, out=positive, where=largest > 0)
    return positive
