"""NCF: a network learns which items go with a taste, beside the plain product that it is to be better than."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.arrays import F32, I32, I64
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.deep.layers import linear, relu
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space
from zhiyin.loop.recommend.queries import Queries

_PAIR = 3e-5  # seconds for a pair and its drawn items, measured: most of it is no multiplying
_ROUNDS = 30
_FEWEST = 20 * 64  # customers of a round at least: of few it has several
_TOLD = 10  # of the latest items each is left out once to see what it did


class Ncf(Recommender):
    """He et al.: Neural collaborative filtering, WWW 2017 (NeuMF): ``w · [p ⊙ q, layers(p', q')]``, the product of
    taste and item beside two layers over both, learned from what was taken against ``negatives`` drawn items each.

    Rendle et al. (Neural collaborative filtering vs. matrix factorization revisited, RecSys 2020) found that the
    product alone, well set, does better and is cheaper to serve: compare it with ``als`` before trusting it.
    A taste is not learned by customer, as there, but the sum of the vectors of the latest ``length`` different
    items over the root of their number, so that new customers count at once (Kabbur et al., FISM, KDD 2013).
    ``rate``, ``batch`` (customers), ``dropout``, ``epochs`` and ``patience`` steer the teaching as in ``sasrec``.
    """

    PARAMETERS: ClassVar[Space] = {"size": (32, 64, 16), "dropout": (0.2, 0.5, 0.0), "negatives": (4, 16)}
    REQUIRES: ClassVar[frozenset[str]] = frozenset({"extra:deep"})
    learned_: Arrays

    def __init__(
        self,
        size: int = 32,
        length: int = 100,
        negatives: int = 4,
        dropout: float = 0.2,
        rate: float = 3e-3,
        batch: int = 64,
        epochs: int = 100,
        patience: int = 5,
    ) -> None:
        self.size = size
        self.length = length
        self.negatives = negatives
        self.dropout = dropout
        self.rate = rate
        self.batch = batch
        self.epochs = epochs
        self.patience = patience

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take: some thirty rounds over all pairs and their negatives."""
        return _ROUNDS * _PAIR * len(data.latest) * max(1.0, _FEWEST / max(data.users, 1))

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        from zhiyin.loop.recommend.deep.teaching import schooled
        from zhiyin.loop.recommend.deep.teaching_tastes import Tasting

        school = Tasting(self, data, rng)
        if len(school.able):
            self.learned_ = schooled(school, self.epochs, self.patience)
        else:  # nobody took two items
            self.learned_ = {"items.weight": np.zeros((data.items, 2 * self.size), dtype=np.float32)}
        return self

    def score(self, asked: Queries) -> F32:
        many = len(self.learned_["items.weight"])
        scores = np.full((len(asked), many), -np.inf, dtype=np.float32)
        everything = np.arange(many, dtype=np.int32)
        side = self._side(everything)
        for row in range(len(asked)):
            items, _ = lately(asked, row, self.length)
            if len(items) and len(self.learned_) > 1:
                scores[row] = self._liked(items, everything, side)
        return scores

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        """How much lower each score would be without each of the latest items."""
        history, places = lately(asked, row, self.length)
        if len(history) < 2 or len(self.learned_) < 2:
            return [[(int(place), 1.0) for place in places] for _ in items]
        side = self._side(items)
        whole = self._liked(history, items, side)
        parts = [
            (int(places[at]), whole - self._liked(np.delete(history, at), items, side))
            for at in range(max(len(history) - _TOLD, 0), len(history))
        ]
        told = [[(place, float(part[n])) for place, part in parts if part[n] > 0] for n in range(len(items))]
        return [sorted(causes, key=lambda cause: (-cause[1], cause[0])) for causes in told]

    def to_arrays(self) -> Arrays:
        return {**self.learned_, "size": np.array(self.size), "length": np.array(self.length)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(arrays["size"].item(), arrays["length"].item())
        self.learned_ = {name: array for name, array in arrays.items() if name not in ("size", "length")}
        return self

    def _side(self, items: I32) -> F32:
        """What the items bring to the first layer, whoever asks."""
        own = self.learned_
        vectors = own["items.weight"][items, self.size :]
        return linear(vectors, own, "beside") if "beside.weight" in own else vectors

    def _liked(self, history: I32, items: I32, side: F32) -> F32:
        """The scores of some items for who took these."""
        own, size = self.learned_, self.size
        taste = own["taken.weight"][history].sum(axis=0) / np.float32(np.sqrt(len(history)))
        inner = relu(side + taste[size:] @ own["first.weight"].T)
        inner = relu(linear(inner, own, "second"))
        weights = own["out.weight"][0]
        product = own["items.weight"][items, :size] @ (taste[:size] * weights[:size])
        return np.asarray(product + inner @ weights[size:] + own["bias.weight"][items, 0], dtype=np.float32)


def lately(asked: Queries, row: int, length: int) -> tuple[I32, I64]:
    """The latest different items of one question, oldest first, and the places of their last events."""
    start, end = asked.indptr[row : row + 2].tolist()
    items, worth = asked.item[start:end], asked.weight[start:end]
    places = np.flatnonzero(worth > 0)
    _, backwards = np.unique(items[places][::-1], return_index=True)
    last = places[np.sort(len(places) - 1 - backwards)][-length:]
    return items[last], last
