"""Walks over the graph of customers and items: what is three steps away from a history, damped by what is popular."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.arrays import CSR, F32, I32, I64
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Causes, Space
from zhiyin.loop.recommend.kernel import degrees, lifted, scaled, shared_by_some, weights
from zhiyin.loop.recommend.linear import Linear, spoken, strongest_events, summed
from zhiyin.loop.recommend.popularity import trend
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.spectrum import low_pass, sharpened


class Graph(Linear):
    """Scores ``x · (D_i^-source · XᵀD_u^-user X · D_i^-target)^power``, each target pruned to ``k`` sources.

    ``user`` damps customers who have much, ``source`` and ``target`` items that many have, and ``power`` (by
    element) evens out strong and weak ties. Known models are points of it: RP3β (Paudel et al., ACM TiiS 2017)
    has ``user`` = ``source`` = 1; the filter of GF-CF (Shen et al., CIKM 2021) ``user`` 1 and halves; with a
    power it is Turbo-CF (Park et al., SIGIR 2024); free exponents are LinkProp (Fu et al., WWW 2022). ``step``
    above 0 sharpens the filter as BSPM does (Choi et al., SIGIR 2023), which takes minutes for 40,000 items
    and serves as fast. ``low`` above 0 adds what the ``rank`` broadest tastes of all say, the ideal low-pass filter of
    GF-CF, at that share of all scores; it lets every item speak, costs a dense product at each question, and
    the sum is explained as exactly. ``half_life`` fades the events of the customer asking and ``taste_days`` those learned
    from, in days.
    """

    PARAMETERS: ClassVar[Space] = {
        "user": (0.5, 0.7, 1.0, 0.0),
        "source": (0.4, 0.5, 0.3),
        "target": (0.4, 0.5, 0.3, 0.2),
        "power": (1.0, 0.8, 0.7),
        "k": (500, 200, 1000),
        "low": (0.0, 0.3),
        "half_life": (60.0, 15.0, np.inf),
        "taste_days": (90.0, 365.0, np.inf),
        "trend": (0.5, 0.0),
    }

    sources_: F32
    targets_: F32

    def __init__(
        self,
        user: float = 0.5,
        source: float = 0.4,
        target: float = 0.4,
        power: float = 1.0,
        k: int = 500,
        step: float = 0.0,
        low: float = 0.0,
        rank: int = 256,
        half_life: float = 60.0,
        taste_days: float = 90.0,
        trend: float = 0.5,
        cap: int = 500,
    ) -> None:
        super().__init__(half_life=half_life)
        self.user = user
        self.source = source
        self.target = target
        self.power = power
        self.k = k
        self.step = step
        self.low = low
        self.rank = rank
        self.taste_days = taste_days
        self.trend = trend
        self.cap = cap

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        taste = data.matrix(half_life=self.taste_days, cap=self.cap)
        targets = shared_by_some(taste, data.catalogue.available)
        exponents = {"user": self.user, "source": self.source, "target": self.target, "power": self.power}
        if self.step:
            found = sharpened(taste, **exponents, step=self.step, k=self.k, targets=targets)
        else:
            found = weights(taste, **exponents, k=self.k, targets=targets)
        lift = trend(data) ** np.float32(self.trend)
        self.weights_ = lifted(found, lift)
        if self.low:
            self._learn_low(taste, targets, lift, rng)
        return self

    def score(self, asked: Queries) -> F32:
        if not self.low:
            return super().score(asked)
        history = asked.matrix(self.weights_.shape[0], self.half_life)
        scores = summed(history, self.weights_)
        scores += (history @ self.sources_) @ self.targets_.T
        return spoken(scores)

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        if not self.low:
            return super().explain(asked, row, items)
        history = strongest_events(asked, row, self.half_life)
        sources = np.array(list(history), dtype=np.int64)
        broad = self.sources_[sources] @ self.targets_[items].T
        near = self.weights_[sources][:, items].toarray()
        told = (broad + near).T * np.array([weight for weight, _ in history.values()], dtype=np.float32)
        places = [place for _, place in history.values()]
        return [
            sorted(zip(places, parts.tolist(), strict=True), key=lambda cause: (-cause[1], -cause[0]))
            for parts in told
        ]

    def to_arrays(self) -> Arrays:
        if not self.low:
            return super().to_arrays()
        broad = {"low": np.array(self.low), "sources": self.sources_, "targets": self.targets_}
        return {**super().to_arrays(), **broad}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = super().from_arrays(arrays)
        if "low" in arrays:
            self.low = float(arrays["low"])
            self.sources_, self.targets_ = arrays["sources"], arrays["targets"]
        return self

    def _learn_low(self, taste: CSR, targets: I64, lift: F32, rng: np.random.Generator) -> None:
        """Source and target sides of the low-pass filter, sized to its share of the scores of everybody."""
        tastes, size = low_pass(taste, self.rank, rng), degrees(taste, 0)
        self.sources_ = tastes * scaled(size, -0.5)[:, None]
        self.targets_ = np.zeros_like(tastes)
        self.targets_[targets] = tastes[targets] * (scaled(size, 0.5) * lift)[targets, None]
        near = float(size @ (self.weights_ @ np.ones(len(size))))
        broad = float((size @ self.sources_) @ self.targets_.sum(axis=0))
        self.targets_ *= np.float32(self.low * near / broad if broad > 0 else 0.0)
