"""Items by chance, the same for the same question: what every model must be better than."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Self

import numpy as np

from zhiyin.loop.recommend.arrays import F32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Recommender
from zhiyin.loop.recommend.queries import Queries


class Random(Recommender):
    """Every item as likely as any other. The draw is a hash of the history and the item's id, so that the same
    question has the same answer, whatever is asked beside it and however items are numbered."""

    def __init__(self) -> None:
        """There is nothing to choose."""

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        return self._ready(
            np.array(
                [
                    int.from_bytes(blake2b(item.encode(), digest_size=8).digest(), "little")
                    for item in data.catalogue.item_ids.tolist()
                ],
                dtype=np.uint64,
            )
        )

    def score(self, asked: Queries) -> F32:
        lengths = np.diff(asked.indptr)
        place = np.arange(len(asked.item)) - np.repeat(asked.indptr[:-1], lengths)
        drawn = mixed(self.salts_[asked.item] + place.astype(np.uint64))
        keys = np.zeros(len(asked), dtype=np.uint64)
        np.add.at(keys, asked.row_of(), drawn)
        hashes = mixed(keys[:, None] ^ self.salts_[None, :])
        return np.asarray((hashes >> np.uint64(40)) / (1 << 24), dtype=np.float32)

    def to_arrays(self) -> Arrays:
        return {"salts": self.salts_}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls()._ready(arrays["salts"])

    def _ready(self, salts: Any) -> Self:
        self.salts_ = salts
        return self


def mixed(numbers: Any) -> Any:
    """The numbers shuffled over all 64 bits: the finishing steps of SplitMix64.

    Steele, Lea & Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
