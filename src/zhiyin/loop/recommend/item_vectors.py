"""Items as vectors, like words: those that turn up in the same company lie close together."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from zhiyin.loop.recommend.arrays import CSR, F32
from zhiyin.loop.recommend.data import Data, Ragged
from zhiyin.loop.recommend.factored import Factored, Shares, strongest
from zhiyin.loop.recommend.interface import Arrays, Space
from zhiyin.loop.recommend.queries import Queries

_SLAB = 1_024  # columns of the product made at a time
_SMALL = 400  # items of which all singular vectors are found at once


class ItemVectors(Factored):
    """Vectors whose products come near to how much more often than by chance two items are found together.

    ``log(c_ij Σc / (c_i c_j^smoothing)) − log negatives``, negative cells left out, cut to its ``factors`` largest
    singular values, of each the square root: what word2vec's skip-gram with ``negatives`` learns (Levy &
    Goldberg, NIPS 2014), for items (Barkan & Koenigstein, MLSP 2016), without its sampling. A vector is the sum
    of both sides (Levy, Goldberg & Dagan, TACL 2015), so items are near that are found together, not only those
    found in like company. Together means in the history of one customer, in one session or in one basket:
    ``within``. Pairs seen together fewer than ``least`` times are not believed. The score is the sum of
    cosines with the history, faded by half every ``half_life`` days; of a customer the ``cap`` latest items
    are learned from.
    """

    PARAMETERS: ClassVar[Space] = {
        "factors": (64, 128, 32),
        "within": ("customer", "session", "basket"),
        "negatives": (1.0, 3.0, 10.0),
        "smoothing": (0.75, 1.0, 0.5),
        "least": (1, 2, 3),
        "half_life": (60.0, 15.0, np.inf),
    }

    def __init__(
        self,
        factors: int = 64,
        within: Literal["customer", "session", "basket"] = "customer",
        negatives: float = 1.0,
        smoothing: float = 0.75,
        least: int = 1,
        half_life: float = 60.0,
        cap: int = 500,
    ) -> None:
        self.factors = factors
        self.within = within
        self.negatives = negatives
        self.smoothing = smoothing
        self.least = least
        self.half_life = half_life
        self.cap = cap

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        together = surprise(
            self._company(data), negatives=self.negatives, smoothing=self.smoothing, least=self.least
        )
        vectors = halves(together, self.factors, rng)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        known = lengths[:, 0] > 0
        self.vectors_ = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
        self.offsets_ = np.where(known, np.float32(0), np.float32(-np.inf))
        return self

    def tastes(self, asked: Queries) -> F32:
        return np.asarray(asked.matrix(len(self.vectors_), self.half_life) @ self.vectors_)

    def shares(self, asked: Queries, row: int) -> Shares:
        places, items, weights = strongest(asked, row, self.half_life)
        return Shares(places, self.vectors_[items] * weights[:, None])

    def to_arrays(self) -> Arrays:
        return {
            "vectors": self.vectors_,
            "offsets": self.offsets_,
            "half_life": np.array(self.half_life),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(half_life=float(arrays["half_life"]))
        self.vectors_, self.offsets_ = arrays["vectors"], arrays["offsets"]
        return self

    def _company(self, data: Data) -> CSR:
        if self.within == "customer":
            return data.matrix(cap=self.cap, counts="binary")
        lists = data.sessions() if self.within == "session" else data.baskets()
        return _sets(lists, data.items)


def surprise(company: CSR, *, negatives: float = 1.0, smoothing: float = 0.75, least: int = 1) -> CSR:
    """Shifted positive pointwise mutual information of items, from lists x items of ones; the diagonal is empty.

    >>> surprise(sparse.csr_array(np.array([[1, 1, 0, 0], [0, 0, 1, 1]])), smoothing=1.0).toarray()[0].round(3)
    array([0.   , 1.386, 0.   , 0.   ], dtype=float32)
    """
    size = company.shape[1]
    lists = sparse.csr_array(company.T, dtype=np.float32)
    columns = sparse.csc_array(company, dtype=np.float32)
    lengths = np.diff(sparse.csr_array(company).indptr)
    # an item is in company once for each other item of each list that it is in
    met = np.asarray(lists @ (lengths - 1).astype(np.float64)).ravel()
    chance = met**smoothing
    share = np.divide(chance, chance.sum(), out=np.zeros_like(chance), where=chance.sum() > 0)
    parts = [sparse.csr_array((size, 0), dtype=np.float32)]
    for start in range(0, size, _SLAB):
        both = sparse.coo_array(lists @ columns[:, start : start + _SLAB])
        row, column = both.coords
        kept = (both.data >= least) & (row != column + start)
        row, column = row[kept], column[kept]
        found = np.log(both.data[kept] / (met[row] * share[column + start] * negatives))
        kept = found > 0
        shape = (size, both.shape[1])
        parts.append(
            sparse.csr_array((found[kept].astype(np.float32), (row[kept], column[kept])), shape=shape)
        )
    return sparse.csr_array(sparse.hstack(parts, format="csr"))


def halves(matrix: CSR, rank: int, rng: np.random.Generator) -> F32:
    """``(U + V) √Σ`` of the ``rank`` largest singular values of a square matrix; fewer columns where it has fewer."""
    size = matrix.shape[0]
    rank = min(rank, size)
    if not matrix.nnz:
        return np.zeros((size, rank), dtype=np.float32)
    if size <= max(_SMALL, 2 * rank):
        left, values, right = np.linalg.svd(matrix.toarray().astype(np.float64))
    else:
        left, values, right = svds(matrix, k=rank, v0=rng.standard_normal(size), solver="arpack")
    order = np.argsort(-values, kind="stable")[:rank]
    found = (left[:, order] + right[order].T) * np.sqrt(values[order])
    found[np.abs(found) < np.abs(found).max() * 1e-6] = 0  # what only rounding left
    return np.asarray(found, dtype=np.float32)


def _sets(lists: Ragged, items: int) -> CSR:
    """Lists x items, 1 where the item is in the list."""
    row = np.repeat(np.arange(len(lists)), np.diff(lists.indptr))
    cells = np.unique(row * max(items, 1) + lists.items)
    row, column = np.divmod(cells, max(items, 1))
    shape = (len(lists), items)
    return sparse.csr_array((np.ones(len(cells), dtype=np.float32), (row, column)), shape=shape)
