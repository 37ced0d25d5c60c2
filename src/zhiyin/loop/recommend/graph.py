"""Walks over the graph of customers and items: what is three steps away from a history, damped by what is popular."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Space
from zhiyin.loop.recommend.kernel import lifted, shared_by_some, weights
from zhiyin.loop.recommend.linear import Linear
from zhiyin.loop.recommend.popularity import trend
from zhiyin.loop.recommend.spectrum import sharpened


class Graph(Linear):
    """Scores ``x · (D_i^-source · XᵀD_u^-user X · D_i^-target)^power``, each target pruned to ``k`` sources.

    ``user`` damps customers who have much, ``source`` and ``target`` items that many have, and ``power`` (by
    element) evens out strong and weak ties. Known models are points of it: RP3β (Paudel et al., ACM TiiS 2017)
    has ``user`` = ``source`` = 1; the filter of GF-CF (Shen et al., CIKM 2021) ``user`` 1 and halves; with a
    power it is Turbo-CF (Park et al., SIGIR 2024); free exponents are LinkProp (Fu et al., WWW 2022). ``step``
    above 0 sharpens the filter as BSPM does (Choi et al., SIGIR 2023), which takes minutes for 40,000 items
    and serves as fast. ``half_life`` fades the events of the customer asking and ``taste_days`` those learned
    from, in days.
    """

    PARAMETERS: ClassVar[Space] = {
        "user": (0.5, 0.7, 1.0, 0.0),
        "source": (0.4, 0.5, 0.3),
        "target": (0.4, 0.5, 0.3, 0.2),
        "power": (1.0, 0.8, 0.7),
        "k": (500, 200, 1000),
        "half_life": (60.0, 15.0, np.inf),
        "taste_days": (90.0, 365.0, np.inf),
        "trend": (0.5, 0.0),
    }

    def __init__(
        self,
        user: float = 0.5,
        source: float = 0.4,
        target: float = 0.4,
        power: float = 1.0,
        k: int = 500,
        step: float = 0.0,
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
        self.weights_ = lifted(found, trend(data) ** np.float32(self.trend))
        return self
