"""People with the same taste: what the customers most like the one asking have."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, I32, U8
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space
from zhiyin.loop.recommend.kernel import damped, degrees, scaled, strongest
from zhiyin.loop.recommend.linear import strongest_events
from zhiyin.loop.recommend.packing import packed, unpacked
from zhiyin.loop.recommend.queries import Queries


class UserNeighbours(Recommender):
    """Scores ``Σ sim(u, v)^power x_v`` over the ``k`` customers v most like the one asking.

    ``sim(u, v) = Σ_i x_ui x_vi n_i^-item / |x_v|₁^user``: what both have, counting less what many have and
    who has much. The idea is Resnick et al. (CSCW 1994); the unequal norms and the power are those of Aiolli
    (RecSys 2013). Rows of customers are kept under their digests, so that an erased one is found and taken
    out. ``half_life`` and ``taste_days`` as for ``Graph``.
    """

    PARAMETERS: ClassVar[Space] = {
        "k": (500, 200, 1000),
        "item": (0.5, 0.0, 1.0),
        "user": (0.5, 0.3, 0.8),
        "power": (1.0, 2.0),
        "half_life": (60.0, 15.0, np.inf),
        "taste_days": (90.0, 365.0, np.inf),
    }
    LINEAR: ClassVar[bool] = True
    rows_: CSR
    digests_: U8
    damping_: F32

    def __init__(
        self,
        k: int = 500,
        item: float = 0.5,
        user: float = 0.5,
        power: float = 1.0,
        half_life: float = 60.0,
        taste_days: float = 90.0,
        cap: int = 500,
    ) -> None:
        self.k = k
        self.item = item
        self.user = user
        self.power = power
        self.half_life = half_life
        self.taste_days = taste_days
        self.cap = cap

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        taste = data.matrix(half_life=self.taste_days, cap=self.cap)
        has = np.diff(taste.indptr) > 0
        self.rows_ = taste[has]
        digests = data.customers.digests
        self.digests_ = np.empty((0, 16), dtype=np.uint8) if digests is None else digests[has]
        self.damping_ = scaled(degrees(taste, 0), -self.item)
        return self

    def score(self, asked: Queries) -> F32:
        scores = np.asarray((self._alike(asked) @ self.rows_).toarray(), dtype=np.float32)
        scores[scores <= 0] = -np.inf
        return scores

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        alike = self._alike(asked.block(row, row + 1))
        history = strongest_events(asked, row, self.half_life)
        own = np.array(list(history), dtype=np.int64)
        weight = np.array([weight for weight, _ in history.values()], dtype=np.float32)
        # what each event has to do with each neighbour, in parts of their likeness
        parts = self._across[own][:, alike.indices].toarray() * weight[:, None]
        whole = parts.sum(axis=0)
        parts *= np.divide(alike.data, whole, out=np.zeros_like(whole), where=whole > 0)
        told = (parts @ self.rows_[alike.indices][:, items].toarray()).T
        return [
            sorted(
                (
                    (place, float(part))
                    for (_, place), part in zip(history.values(), row, strict=True)
                    if part > 0
                ),
                key=lambda cause: (-cause[1], -cause[0]),
            )
            for row in told
        ]

    def forget(self, digests: U8) -> Self:
        gone = {digest.tobytes() for digest in digests}
        kept = np.array([digest.tobytes() not in gone for digest in self.digests_], dtype=np.bool_)
        if len(kept) and not kept.all():
            other = type(self).from_arrays(self.to_arrays())
            other.rows_, other.digests_ = self.rows_[kept], self.digests_[kept]
            return other
        return self

    def to_arrays(self) -> Arrays:
        return {
            "k": np.array(self.k),
            "user": np.array(self.user),
            "power": np.array(self.power),
            "half_life": np.array(self.half_life),
            "digests": self.digests_,
            "damping": self.damping_,
            **packed("rows", self.rows_),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(
            k=int(arrays["k"]),
            user=float(arrays["user"]),
            power=float(arrays["power"]),
            half_life=float(arrays["half_life"]),
        )
        self.rows_ = unpacked("rows", arrays)
        self.digests_ = arrays["digests"]
        self.damping_ = arrays["damping"]
        return self

    def _alike(self, asked: Queries) -> CSR:
        """Questions x customers: the likeness of the ``k`` nearest, to the power."""
        found = asked.matrix(self.rows_.shape[1], self.half_life) @ self._across
        kept = strongest(found.data, found.indices, found.indptr, self.k)
        indptr = np.searchsorted(kept, found.indptr)
        return sparse.csr_array(
            (found.data[kept] ** np.float32(self.power), found.indices[kept], indptr), shape=found.shape
        )

    @cached_property
    def _across(self) -> CSR:
        """Items x customers: what an item in common counts."""
        return sparse.csr_array(damped(self.rows_, user=self.user).multiply(self.damping_).T)
