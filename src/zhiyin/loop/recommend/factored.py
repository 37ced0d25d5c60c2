"""History → a vector of the customer → its product with the vector of every item: what factor models share."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np

from zhiyin.loop.recommend.arrays import F32, I32, I64
from zhiyin.loop.recommend.interface import Causes, Recommender
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.systems import inner


class Shares(NamedTuple):
    """What single events add to a customer's vector: ``places`` in the history, ``vectors`` beside them."""

    places: I64
    vectors: F32


class Factored(Recommender):
    """A recommender that learns ``vectors_``, items x size, and ``offsets_``, -inf for items it knows nothing of.

    No vector of a customer is kept: ``tastes`` finds it from the history, whoever asks. A customer of whose
    history nothing is known has the vector zero, about which nothing is said.
    """

    vectors_: F32
    offsets_: F32
    #: whether ``shares`` add up to the customer's vector, and offsets are zero
    LINEAR: ClassVar[bool] = True

    def tastes(self, asked: Queries) -> F32:
        """The vectors of the customers asking, questions x size; a row alone as among others."""
        raise NotImplementedError

    def shares(self, asked: Queries, row: int) -> Shares:
        """What the events of one question add to its vector."""
        raise NotImplementedError

    def score(self, asked: Queries) -> F32:
        tastes = self.tastes(asked)
        scores = inner(tastes, self.vectors_)
        scores += self.offsets_
        scores[~tastes.any(axis=1)] = -np.inf
        return scores

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        places, vectors = self.shares(asked, row)
        parts = self.vectors_[items].astype(np.float64) @ vectors.T.astype(np.float64)
        order = np.lexsort((np.broadcast_to(-places, parts.shape), -parts))
        return [
            [
                (place, part)
                for place, part in zip(places[best].tolist(), own[best].tolist(), strict=True)
                if self.LINEAR or part > 0
            ]
            for own, best in zip(parts, order, strict=True)
        ]


def strongest(asked: Queries, row: int, half_life: float) -> tuple[I64, I32, F32]:
    """Of one question: place, item and faded weight of the strongest event with each item, as in ``Queries.matrix``."""
    block = asked.block(row, row + 1)
    faded = block.faded(half_life)
    order = np.lexsort((-faded, block.item))
    order = order[faded[order] > 0]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = block.item[order][1:] != block.item[order][:-1]
    places = order[first]
    return places, block.item[places], faded[places]
