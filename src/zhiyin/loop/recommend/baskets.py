"""What goes with what is in the basket, counted over all orders.

Item y scores ``Σ_x c_xy (n + κ) / ((c_x + κ) c_y^b)`` over the items x of the basket, where c counts the n orders
that hold an item, or both. With b = 1 that is the lift of the rule x → y, with b = 0 its confidence (both after
Agrawal & Srikant, Fast algorithms for mining association rules, VLDB 1994), shrunk by κ for an x that few bought.
For rules with more than one item on the left see ``itemsets``.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, F64, I32, Bool
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space
from zhiyin.loop.recommend.itemsets import Rule, rule
from zhiyin.loop.recommend.log import KINDS
from zhiyin.loop.recommend.markov import causes, pruned
from zhiyin.loop.recommend.packing import packed, unpacked
from zhiyin.loop.recommend.queries import LATEST, Queries
from zhiyin.loop.recommend.session_neighbours import distinct

_BASKET = KINDS.index("basket")
_NAMES = ("shrinkage", "lift", "least", "k")


class Baskets(Recommender):
    """Items that were bought together with those in the basket.

    Without a basket the item being looked at is asked for, else the whole history. ``shrinkage`` is κ above and
    ``lift`` is b: the larger, the less is said for what everybody buys anyway. Pairs in fewer than ``least``
    orders say nothing; each target keeps its ``k`` strongest sources.
    """

    PARAMETERS: ClassVar[Space] = {
        "lift": (0.5, 1.0, 0.0),
        "shrinkage": (10.0, 3.0, 30.0),
        "least": (2, 5),
        "k": (500,),
    }
    REQUIRES: ClassVar[frozenset[str]] = frozenset({"baskets"})
    REASON: ClassVar[str] = "because_together"
    LINEAR: ClassVar[bool] = True

    def __init__(self, shrinkage: float = 10.0, lift: float = 0.5, least: int = 2, k: int = 500) -> None:
        self.shrinkage = shrinkage
        self.lift = lift
        self.least = least
        self.k = k

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        empty = sparse.csr_array((data.items, data.items), dtype=np.float32)
        return self._learnt(empty, np.zeros(data.items), 0, data)

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return 0.2 + 3e-6 * len(data.log)

    def partial_fit(self, data: Data) -> Self:
        """Count more orders. A pair that was too rare to be kept begins anew."""
        pairs = sparse.csr_array(self.pairs_, copy=True)
        pairs.resize((data.items, data.items))
        counts = np.pad(self.counts_, (0, data.items - len(self.counts_)))
        return self._learnt(pairs, counts, self.orders_, data)

    def score(self, asked: Queries) -> F32:
        basket = _basket(asked)
        row, item = asked.row_of()[basket], asked.item[basket]
        alone = np.flatnonzero((np.bincount(row, minlength=len(asked)) == 0) & (asked.context >= 0))
        cells = np.append(row, alone), np.append(item, asked.context[alone])
        held = sparse.csr_array(
            (np.ones(len(cells[0]), np.float32), cells), shape=(len(asked), len(self._out))
        )
        held.data = self._out[held.indices]  # an item that stands there twice counts once
        found = sparse.csr_array(held @ self.pairs_)
        scores = np.full(found.shape, -np.inf, dtype=np.float32)
        rows = np.repeat(np.arange(len(asked)), np.diff(found.indptr))
        scores[rows, found.indices] = found.data * self._in[found.indices]
        scores[scores <= 0] = -np.inf
        return scores

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        one = asked.block(row, row + 1)
        places = np.flatnonzero(_basket(one))
        last = np.unique(one.item[places][::-1], return_index=True)[1]
        places = places[::-1][last]
        sources = one.item[places]
        parts = self.pairs_[sources][:, items].toarray() * self._out[sources][:, None] * self._in[items]
        return [[(int(places[at]), part) for at, part in causes(column)] for column in parts.T]

    def rules(self, left: int | None = None, most: int = 50) -> list[Rule]:
        """Pairs of items as rules, those first that say most for a basket; those of one item if ``left`` is given."""
        first, last = (0, self.pairs_.shape[0]) if left is None else (left, left + 1)
        pairs = sparse.coo_array(self.pairs_[first:last])
        x, y = pairs.coords[0] + first, pairs.coords[1]
        strongest = np.lexsort((y, x, -pairs.data, -(pairs.data * self._out[x] * self._in[y])))[:most]
        return [
            rule(
                (int(x[at]),),
                int(y[at]),
                round(float(pairs.data[at])),
                round(float(self.counts_[x[at]])),
                round(float(self.counts_[y[at]])),
                self.orders_,
            )
            for at in strongest
        ]

    def to_arrays(self) -> Arrays:
        return {
            **{name: np.array(getattr(self, name)) for name in _NAMES},
            "orders": np.array(self.orders_),
            "counts": self.counts_,
            **packed("pairs", self.pairs_),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(**{name: arrays[name].item() for name in _NAMES})
        return self._ready(unpacked("pairs", arrays), arrays["counts"], arrays["orders"].item())

    def _learnt(self, pairs: CSR, counts: F64, orders: int, data: Data) -> Self:
        baskets = data.baskets()
        indptr, items, _ = distinct(baskets.indptr, baskets.items, LATEST)
        held = sparse.csr_array(
            (np.ones(len(items), dtype=np.float32), items, indptr), shape=(len(baskets), data.items)
        )
        together = sparse.csr_array(pairs + held.T @ held)
        together.setdiag(0)
        together.data[together.data < self.least] = 0
        together.eliminate_zeros()
        together.sort_indices()
        counts = counts + np.bincount(items, minlength=data.items)
        kept = pruned(together, (1 / (counts + self.shrinkage)).astype(np.float32), self.k)
        return self._ready(kept, counts, orders + len(baskets))

    def _ready(self, pairs: CSR, counts: F64, orders: int) -> Self:
        self.pairs_ = pairs
        self.counts_ = counts
        self.orders_ = orders
        self._out = ((orders + self.shrinkage) / np.maximum(counts + self.shrinkage, 1e-12)).astype(
            np.float32
        )
        self._in = (1 / np.maximum(counts, 1) ** self.lift).astype(np.float32)
        return self


def _basket(asked: Queries) -> Bool:
    """The events that stand for the basket: those in it; for want of any, all, but for an item being looked at."""
    inside = asked.kind == _BASKET
    row = asked.row_of()
    filled = np.bincount(row[inside], minlength=len(asked)) > 0
    return np.where(filled[row], inside, asked.context[row] < 0)
