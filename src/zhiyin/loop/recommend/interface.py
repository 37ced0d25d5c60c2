"""What every recommender can do. To add one: one class, one registry name, one inherited contract test."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, Self

import numpy as np
import pyarrow as pa

from zhiyin.domain.interaction import Interaction
from zhiyin.domain.item import Item
from zhiyin.domain.recommendation import Recommendation

Arrays = Mapping[str, np.ndarray[Any, Any]]


class Recommender(Protocol):
    """Learns from everybody's interactions; ranks items for anybody from their latest ones.

    The constructor only stores parameters and has defaults for all. What is learned ends in ``_`` and names
    no customer, so a model on disk holds nobody who could ask to be erased.
    """

    def fit(self, interactions: pa.Table, items: Sequence[Item], now: datetime) -> Self:
        """Learn from a table of ``interactions.COLUMNS``, all of it before ``now``; returns itself.

        Items that are not available, or not among ``items``, may explain a taste and are never recommended.
        """
        ...

    def recommend(
        self, history: Sequence[Interaction], n: int, exclude: Collection[str] = ()
    ) -> list[Recommendation]:
        """At most ``n`` items for a person with this history, best first; any order of history will do."""
        ...

    def recommend_many(
        self,
        histories: Sequence[Sequence[Interaction]],
        n: int,
        exclude: Collection[str] = (),
        excludes: Sequence[Collection[str]] | None = None,
    ) -> list[list[Recommendation]]:
        """The same for many at once: ``exclude`` holds for all of them, ``excludes`` for one each."""
        ...

    def to_arrays(self) -> Arrays:
        """What was learned, and the parameters that serving needs, without Python objects."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The recommender of ``to_arrays``, giving exactly the same answers."""
        ...
