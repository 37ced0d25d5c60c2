"""Implicit alternating least squares: what was taken should score 1, everything else a little above 0."""

from __future__ import annotations

import math
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, F64
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.factored import Factored, Shares, strongest
from zhiyin.loop.recommend.interface import Arrays, Space
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.systems import batches

_SPREAD = 0.1  # of the first vectors, as its authors advise
_PER_FACTOR = 4  # items
_CELL, _ROW = 1.2e-6, 6e-6  # CPU-seconds of an epoch, as seen on Gowalla


class Als(Factored):
    """Vectors W of customers and H of items that make small, over the cells S that hold something, c of each,

    ``Σ_S c (1 − w·h)² + α₀ Σ_all (w·h)² + λ (Σ_u (|S_u| + α₀ I)^ν |w_u|² + Σ_i (|S_i| + α₀ U)^ν |h_i|²)``

    with α₀ = ``unobserved``, λ = ``penalty``, ν = ``spread``. Hu, Koren & Volinsky, ICDM 2008, in the form and with
    the first values of Rendle, Krichene, Zhang & Koren, RecSys 2022. Each half-step solves for one side exactly.
    A customer's vector is one more such solution, so the history of today counts at once, and a score is a sum
    over the history (Hu et al., section 5). Few items get a factor for every four of them. ``half_life`` fades
    the events of the customer asking and ``taste_days`` those learned from, in days; of a customer the ``cap``
    latest items are learned from.
    """

    PARAMETERS: ClassVar[Space] = {
        "factors": (64, 128, 32, 256),
        "unobserved": (0.1, 0.3, 0.01, 1.0),
        "penalty": (0.003, 0.01, 0.001),
        "spread": (1.0, 0.5),
        "half_life": (60.0, 15.0, np.inf),
        "taste_days": (90.0, 365.0, np.inf),
    }
    gram_: F32  # α₀ HᵀH, which is diagonal in the basis kept
    others_: float  # items that somebody took

    def __init__(
        self,
        factors: int = 64,
        unobserved: float = 0.1,
        penalty: float = 0.003,
        spread: float = 1.0,
        epochs: int = 16,
        half_life: float = 60.0,
        taste_days: float = 90.0,
        cap: int = 500,
    ) -> None:
        self.factors = factors
        self.unobserved = unobserved
        self.penalty = penalty
        self.spread = spread
        self.epochs = epochs
        self.half_life = half_life
        self.taste_days = taste_days
        self.cap = cap

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        taste = data.matrix(half_life=self.taste_days, cap=self.cap)
        takers = sparse.csr_array(taste.T)
        touched = np.diff(takers.indptr) > 0
        self.others_ = float(touched.sum())
        # with as many factors as items each would stand for itself, and nothing be said of the others
        size = max(1, min(self.factors, int(self.others_) // _PER_FACTOR))
        first = rng.standard_normal((data.items, size), dtype=np.float32)
        items = first * np.float32(_SPREAD / math.sqrt(size)) * touched[:, None]
        customers = float((np.diff(taste.indptr) > 0).sum())
        for _ in range(self.epochs):
            users = self.half_step(taste, items, self.others_)
            items = self.half_step(takers, users, customers)
        self.gram_, self.vectors_ = turned(items, self.unobserved)[:2]
        self.offsets_ = np.where(touched, np.float32(0), np.float32(-np.inf))
        return self

    def half_step(self, taste: CSR, others: F32, many: float) -> F32:
        """The best vectors of the rows of ``taste`` beside those of its columns, of which ``many`` are in use."""
        gram, vectors, basis = turned(others, self.unobserved)
        return np.asarray(solved(taste, vectors, gram, self._penalties(taste, many)) @ basis.T)

    def tastes(self, asked: Queries) -> F32:
        taste = asked.matrix(len(self.vectors_), self.half_life)
        return solved(taste, self.vectors_, self.gram_, self._penalties(taste, self.others_))

    def shares(self, asked: Queries, row: int) -> Shares:
        places, items, weights = strongest(asked, row, self.half_life)
        vectors = self.vectors_[items].astype(np.float64)
        taste = sparse.csr_array((weights, items, np.array([0, len(items)])), shape=(1, len(self.vectors_)))
        system = np.diag(self.gram_.astype(np.float64) + self._penalties(taste, self.others_)[0])
        system += vectors.T @ (vectors * weights[:, None])
        added = np.linalg.solve(system, (vectors * weights[:, None]).T).T if len(items) else vectors
        return Shares(places, added.astype(np.float32))

    def to_arrays(self) -> Arrays:
        settings = (self.unobserved, self.penalty, self.spread, self.half_life, self.others_)
        return {
            "vectors": self.vectors_,
            "offsets": self.offsets_,
            "gram": self.gram_,
            "settings": np.array(settings, dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        unobserved, penalty, spread, half_life, others = arrays["settings"].tolist()
        vectors = arrays["vectors"]
        self = cls(vectors.shape[1], unobserved, penalty, spread, half_life=half_life)
        self.vectors_, self.offsets_, self.gram_ = vectors, arrays["offsets"], arrays["gram"]
        self.others_ = others
        return self

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return 1 + 16 * (_CELL * len(data.latest) + _ROW * (data.users + data.items))

    def _penalties(self, taste: CSR, many: float) -> F64:
        held = np.asarray(taste.sum(axis=1, dtype=np.float64)).ravel()
        return np.asarray(self.penalty * (held + self.unobserved * many) ** self.spread)


def turned(vectors: F32, unobserved: float) -> tuple[F32, F32, F32]:
    """(the diagonal of ``unobserved · VᵀV``, the vectors, the basis) after a turn that makes it diagonal.

    A turn of both sides changes no product. What a diagonal costs to invert is nothing, so a short history
    needs a system of its own length only.
    """
    values, basis = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors.astype(np.float64))
    gram = (unobserved * np.maximum(values, 0)).astype(np.float32)
    return gram, np.ascontiguousarray(vectors @ basis.astype(np.float32)), basis.astype(np.float32)


def solved(taste: CSR, vectors: F32, gram: F32, penalties: F64) -> F32:
    """For each row w = (diag(gram) + penalty + Σ c h hᵀ)⁻¹ Σ c h, float32; zero for empty rows.

    With A the diagonal, G the rows √c h and t = √c, it is A⁻¹Gᵀ (1 + G A⁻¹ Gᵀ)⁻¹ t (Woodbury), which is the
    smaller system where the row is shorter than a vector.
    """
    size = vectors.shape[1]
    found = np.zeros((taste.shape[0], size), dtype=np.float32)
    roots = np.sqrt(taste.data)
    for rows, places, held in batches(taste.indptr, size):
        root = np.where(held, roots[places], np.float32(0))[:, :, None]
        own = vectors[taste.indices[places]] * root
        across = own.swapaxes(1, 2)
        diagonal = gram + penalties[rows, None].astype(np.float32)
        width = own.shape[1]
        if width < size:
            scaled = own / diagonal[:, None, :]
            system = scaled @ across
            system[:, np.arange(width), np.arange(width)] += 1
            found[rows] = (scaled.swapaxes(1, 2) @ np.linalg.solve(system, root))[:, :, 0]
        else:
            system = across @ own
            system[:, np.arange(size), np.arange(size)] += diagonal
            found[rows] = np.linalg.solve(system, across @ root)[:, :, 0]
    return found
