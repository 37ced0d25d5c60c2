"""Learning to rank by pairs: what a customer took should come before what they did not."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, I32, I64
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.factored import Factored, Shares, strongest
from zhiyin.loop.recommend.interface import Arrays, Space
from zhiyin.loop.recommend.queries import Queries

_START = 0.1
_CELL = 6e-6  # CPU-seconds of an epoch, as seen on MovieLens


class Weights(NamedTuple):
    """What is learned, items first: ``sources`` of a history, ``targets`` to be ranked, and their ``bias``."""

    sources: F32
    targets: F32
    bias: F32


class Pairs(NamedTuple):
    """Customers' rows of taste; beside each an item that they took, its weight there, and one that they did not."""

    taste: CSR
    took: I64
    weight: F32
    other: I64


class Bpr(Factored):
    """``Σ ln σ(s_i − s_j)`` over items i taken and j not taken, with ``s_i = b_i + x·h_i``.

    BPR (Rendle, Freudenthaler, Gantner & Schmidt-Thieme, UAI 2009) for the customer as FISM has it (Kabbur, Ning
    & Karypis, KDD 2013): x is the sum of the source vectors of the history, without i itself, over its
    weight to the power ``evening``. So there is no vector of a customer to learn or to keep. Adagrad with ``rate``
    on batches of ``batch`` pairs; ``penalty`` shrinks all vectors. ``half_life`` fades the events of the customer
    asking and ``taste_days`` those learned from, in days; of a customer the ``cap`` latest items count.
    """

    PARAMETERS: ClassVar[Space] = {
        "factors": (64, 32, 128),
        "epochs": (30, 60, 15),
        "penalty": (1.0, 0.1, 5.0),
        "evening": (0.5, 1.0),
        "rate": (0.1, 0.05),
        "half_life": (60.0, 15.0, np.inf),
        "taste_days": (90.0, 365.0, np.inf),
    }
    LINEAR: ClassVar[bool] = False  # an item's own bias has no cause
    sources_: F32

    def __init__(
        self,
        factors: int = 64,
        epochs: int = 30,
        penalty: float = 1.0,
        evening: float = 0.5,
        rate: float = 0.1,
        batch: int = 4_096,
        half_life: float = 60.0,
        taste_days: float = 90.0,
        cap: int = 500,
    ) -> None:
        self.factors = factors
        self.epochs = epochs
        self.penalty = penalty
        self.evening = evening
        self.rate = rate
        self.batch = batch
        self.half_life = half_life
        self.taste_days = taste_days
        self.cap = cap

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        taste = data.matrix(half_life=self.taste_days, cap=self.cap)
        touched = np.bincount(taste.indices, minlength=data.items) > 0
        shape = (data.items, self.factors)
        scale = np.float32(_START / np.sqrt(self.factors)) * touched[:, None]
        weights = Weights(
            rng.standard_normal(shape, dtype=np.float32) * scale,
            rng.standard_normal(shape, dtype=np.float32) * scale,
            np.zeros(data.items, dtype=np.float32),
        )
        self._climb(weights, taste, np.flatnonzero(touched), rng)
        self.sources_, self.vectors_ = weights.sources, weights.targets
        self.offsets_ = np.where(touched, weights.bias, np.float32(-np.inf))
        return self

    def tastes(self, asked: Queries) -> F32:
        taste = asked.matrix(len(self.sources_), self.half_life)
        held = np.asarray(taste.sum(axis=1)).ravel()
        return np.asarray((taste @ self.sources_) / _evened(held, self.evening)[:, None], dtype=np.float32)

    def shares(self, asked: Queries, row: int) -> Shares:
        places, items, weights = strongest(asked, row, self.half_life)
        evened = _evened(weights.sum(keepdims=True), self.evening)
        return Shares(places, self.sources_[items] * (weights / evened)[:, None])

    def to_arrays(self) -> Arrays:
        return {
            "sources": self.sources_,
            "vectors": self.vectors_,
            "offsets": self.offsets_,
            "settings": np.array([self.evening, self.half_life]),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        evening, half_life = arrays["settings"].tolist()
        self = cls(evening=evening, half_life=half_life)
        self.sources_, self.vectors_, self.offsets_ = (
            arrays["sources"],
            arrays["vectors"],
            arrays["offsets"],
        )
        return self

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return 1 + 30 * _CELL * len(data.latest)

    def _climb(self, weights: Weights, taste: CSR, items: I64, rng: np.random.Generator) -> None:
        """Adagrad, in place, over all that was taken by customers who took more than one thing."""
        lengths = np.diff(taste.indptr)
        customer = np.repeat(np.arange(taste.shape[0]), lengths)
        cells = np.flatnonzero(lengths[customer] > 1)
        had = customer * max(taste.shape[1], 1) + taste.indices  # in order
        gone = [np.full_like(part, 1e-8) for part in weights]
        # small data would make few steps of a large batch
        batch = max(1, min(self.batch, len(cells) // 8))
        for _ in range(self.epochs):
            order = rng.permutation(cells)
            for start in range(0, len(order), batch):
                chosen = order[start : start + batch]
                user, took = customer[chosen], taste.indices[chosen]
                other = items[rng.integers(0, len(items), len(chosen))]
                wanted = user * taste.shape[1] + other
                place = np.minimum(np.searchsorted(had, wanted), len(had) - 1)
                fair = had[place] != wanted
                user, took, other, chosen = user[fair], took[fair], other[fair], chosen[fair]
                pairs = Pairs(taste[user], took, taste.data[chosen], other)
                share = self.penalty * len(chosen) / len(cells)
                _, slope = ascent(weights, pairs, evening=self.evening, penalty=share)
                for part, moved, so_far in zip(weights, slope, gone, strict=True):
                    so_far += moved * moved
                    part += np.float32(self.rate) * moved / np.sqrt(so_far)


def ascent(weights: Weights, pairs: Pairs, *, evening: float, penalty: float) -> tuple[float, Weights]:
    """``Σ ln σ(s_i − s_j) − penalty/2 · (all weights squared)``, and its slope in every weight."""
    taste, took, weight, other = pairs
    held = np.asarray(taste.sum(axis=1)).ravel() - weight
    evened = _evened(held, evening)[:, None]
    people = (taste @ weights.sources - weight[:, None] * weights.sources[took]) / evened
    apart = weights.targets[took] - weights.targets[other]
    margin = np.einsum("nd,nd->n", people, apart) + weights.bias[took] - weights.bias[other]
    gain = float(-np.logaddexp(0, -margin.astype(np.float64)).sum())
    gain -= penalty / 2 * sum(float((part.astype(np.float64) ** 2).sum()) for part in weights)
    pull = (1 / (1 + np.exp(np.clip(margin, -60, 60)))).astype(people.dtype)[:, None]
    back = pull * apart / evened
    size = len(weights.bias)
    targets = _added(took, pull * people, size) - _added(other, pull * people, size)
    sources = taste.T @ back - _added(took, weight[:, None] * back, size)
    bias = _added(took, pull, size) - _added(other, pull, size)
    shrink = people.dtype.type(penalty)
    return gain, Weights(
        np.asarray(sources - shrink * weights.sources),
        np.asarray(targets - shrink * weights.targets),
        np.asarray(bias[:, 0] - shrink * weights.bias),
    )


def _added(rows: I64 | I32, values: F32, size: int) -> F32:
    """The sum of the values of each row, size x width."""
    count = len(rows)
    ones = np.ones(count, dtype=values.dtype)
    return np.asarray(sparse.csr_array((ones, (rows, np.arange(count))), shape=(size, count)) @ values)


def _evened(held: F32, evening: float) -> F32:
    """The weight of histories to a power; 1 for empty ones."""
    return np.where(held > 1e-6, np.maximum(held, 1e-6), 1).astype(held.dtype) ** held.dtype.type(evening)
