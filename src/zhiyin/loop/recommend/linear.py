"""Item-to-item weights → scores: what all linear recommenders share once they are fitted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, I32, I64
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender
from zhiyin.loop.recommend.packing import packed, unpacked
from zhiyin.loop.recommend.queries import Queries

_CELLS = 1 << 18  # weights laid side by side at a time: 3 MB, which caches hold


class Linear(Recommender):
    """A recommender whose ``fit`` learns ``weights_``, sparse, source x target: what the one says about the other.

    A score is the sum of the weights of what the customer has, each faded by half every ``half_life`` days
    before the customer's latest event. Scores of nothing or less say nothing.
    """

    LINEAR: ClassVar[bool] = True
    weights_: CSR

    def __init__(self, *, half_life: float = 60.0) -> None:
        self.half_life = half_life

    def score(self, asked: Queries) -> F32:
        return spoken(summed(asked.matrix(self.weights_.shape[0], self.half_life), self.weights_))

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        taste = self._taste(asked, row)
        return [self._causes(self._sources(int(item)), taste) for item in items]

    def to_arrays(self) -> Arrays:
        return {"half_life": np.array(self.half_life), **packed("weights", self.weights_)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls()
        self.half_life = float(arrays["half_life"])
        self.weights_ = unpacked("weights", arrays)
        return self

    def _taste(self, asked: Queries, row: int) -> dict[int, tuple[float, int]]:
        return strongest_events(asked, row, self.half_life)

    @staticmethod
    def _causes(sources: dict[int, float], taste: dict[int, tuple[float, int]]) -> Causes:
        shared = sources.keys() & taste.keys()
        parts = [(taste[source][1], taste[source][0] * sources[source]) for source in shared]
        return sorted(parts, key=lambda part: (-part[1], -part[0]))

    def _sources(self, target: int) -> dict[int, float]:
        """The weights of a target by source, kept since the same targets win again and again."""
        held = self._held.get(target)
        if held is None:
            start, end = self._columns.indptr[target : target + 2]
            sources, weights = self._columns.indices[start:end], self._columns.data[start:end]
            held = self._held[target] = dict(zip(sources.tolist(), weights.tolist(), strict=True))
        return held

    @cached_property
    def _columns(self) -> Any:
        return sparse.csc_array(self.weights_)

    @cached_property
    def _held(self) -> dict[int, dict[int, float]]:
        return {}


def summed(history: CSR, weights: CSR) -> F32:
    """``history @ weights`` as an array, questions x targets.

    The rows of weights that a question needs are laid side by side and added up where they fall: the same sums in
    the same order, at a third of the cost of a sparse product, which must find out first how large it will be.
    """
    sums = np.zeros((history.shape[0], weights.shape[1]), dtype=np.float32)
    cells = np.concatenate([[0], np.cumsum(np.diff(weights.indptr)[history.indices])])[history.indptr]
    for start, end in _runs(cells):
        events = slice(*history.indptr[[start, end]])
        told = weights[history.indices[events]]
        told.data *= np.repeat(history.data[events], np.diff(told.indptr))
        parts = (told.data, told.indices, (cells[start : end + 1] - cells[start]).astype(told.indices.dtype))
        sparse.csr_array(parts, shape=(end - start, weights.shape[1])).toarray(out=sums[start:end])
    return sums


def spoken(sums: F32) -> F32:
    """The same array, -inf where it is nothing or less."""
    with np.errstate(divide="ignore"):
        for row in sums:  # adding 0 or -inf to a row that caches hold costs a quarter of choosing by a mask
            row += np.log((row > 0).astype(np.float32))
    return sums


def strongest_events(asked: Queries, row: int, half_life: float) -> dict[int, tuple[float, int]]:
    """Item -> (weight, place) of its strongest event, the earliest of equals, as ``Queries.matrix`` has it."""
    start, end = asked.indptr[row : row + 2].tolist()
    ages = asked.age[start:end].tolist()
    newest = min(ages, default=0.0)
    fade = -math.log(2) / half_life
    taste: dict[int, tuple[float, int]] = {}
    events = zip(asked.item[start:end].tolist(), asked.weight[start:end].tolist(), ages, strict=True)
    for place, (item, weight, age) in enumerate(events):
        faded = weight * math.exp(fade * (age - newest))
        if faded > 0 and (item not in taste or faded > taste[item][0]):
            taste[item] = faded, place
    return taste


def _runs(cells: I64) -> Iterator[tuple[int, int]]:
    """Questions from, to before, that have about ``_CELLS`` of the running sum together; at least one."""
    cuts = np.flatnonzero(np.diff(cells[:-1] // _CELLS)) + 1
    return pairwise([0, *cuts.tolist(), len(cells) - 1])
