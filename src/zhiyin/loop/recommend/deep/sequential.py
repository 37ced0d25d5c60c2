"""What the recommenders of sequences share: what comes after these items? Learned with PyTorch, told by NumPy."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.arrays import F32, I32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.deep.layers import latest
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender
from zhiyin.loop.recommend.queries import Queries

if TYPE_CHECKING:
    import torch

_FEWEST_STEPS = 20_000  # of a round, which histories are taken for again where they are few
_SPEED = 1.5e10  # multiplications a second that are reached
_ROUNDS = 30
_TOLD = 10  # of the latest events each is left out once to see what it did


class Sequential(Recommender):
    """An item's vector is its row of ``items``; a score is the product with what the network makes of the history.

    Only the last ``length`` steps of a history count. ``rate`` (falling to nothing over ``epochs``), ``batch``,
    ``dropout`` and ``patience`` steer the teaching, which ends when the last step of held-out histories is
    foretold no better for ``patience`` epochs; with a patience of 0 nothing is held out and all epochs are taught.
    With ``negatives`` items are compared with so many others instead of all of them; with ``jitter`` steps that are
    less than so many places apart may change places while learning, for histories in which the order within a
    moment says little.
    """

    REQUIRES: ClassVar[frozenset[str]] = frozenset({"extra:deep"})
    REASON: ClassVar[str] = "because_sequence"
    learned_: Arrays

    def __init__(
        self,
        size: int = 64,
        length: int = 50,
        rate: float = 3e-3,
        dropout: float = 0.2,
        batch: int = 64,
        epochs: int = 30,
        patience: int = 10,
        negatives: int = 0,
        jitter: float = 0.0,
    ) -> None:
        self.size = size
        self.length = length
        self.rate = rate
        self.dropout = dropout
        self.batch = batch
        self.epochs = epochs
        self.patience = patience
        self.negatives = negatives
        self.jitter = jitter

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take: some rounds, mostly of the scores of all items."""
        steps = max(len(data.log), _FEWEST_STEPS)
        return _ROUNDS * steps * (3 * 64 * data.items + 40 * 64**2) / _SPEED

    @abstractmethod
    def network(self, items: int) -> torch.nn.Module:
        """A new network: items (batch x steps, ``items`` for none) → vectors (batch x steps x ``size``), with
        ``items`` as its embedding of ``items`` + 1 rows."""

    @abstractmethod
    def forward(self, items: I32) -> F32:
        """The same in NumPy for one history, after its last step, from ``learned_``."""

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        from zhiyin.loop.recommend.deep.teaching import taught

        self.learned_ = taught(self, data, rng)
        return self

    def score(self, asked: Queries) -> F32:
        vectors = self.learned_["items.weight"][:-1]
        scores = np.full((len(asked), len(vectors)), -np.inf, dtype=np.float32)
        for row in range(
            len(asked)
        ):  # one by one: a product of matrices rounds otherwise than that of one row
            items, _ = latest(asked, row, self.length)
            if len(items) and len(self.learned_) > 1:
                scores[row] = vectors @ self.forward(items)
        return scores

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        """How much lower each score, next to the mean of all items, would be without each of the latest events."""
        history, places = latest(asked, row, self.length)
        if len(history) < 2 or len(self.learned_) < 2:
            return [[(int(place), 1.0) for place in places] for _ in items]
        everything = self.learned_["items.weight"][:-1]
        vectors = everything[items] - everything.mean(axis=0)
        whole = vectors @ self.forward(history)
        parts = [
            (int(places[step]), whole - vectors @ self.forward(np.delete(history, step)))
            for step in range(max(len(history) - _TOLD, 0), len(history))
        ]
        told = [[(place, float(part[n])) for place, part in parts if part[n] > 0] for n in range(len(items))]
        return [sorted(causes, key=lambda cause: (-cause[1], cause[0])) for causes in told]

    def to_arrays(self) -> Arrays:
        return {**self.learned_, **{name: np.array(value) for name, value in self.shape().items()}}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls()
        shape = self.shape()
        for name in shape:
            setattr(self, name, arrays[name].item())
        self.learned_ = {name: array for name, array in arrays.items() if name not in shape}
        return self

    def shape(self) -> dict[str, Any]:
        """The parameters that serving needs."""
        return {"size": self.size, "length": self.length}
