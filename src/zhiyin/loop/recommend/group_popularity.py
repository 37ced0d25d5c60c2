"""What customers of the same kind bought lately: popularity by country, language, or whatever else is known of them.

An item scores its share of what the customer's group took, drawn towards everybody's share p:
``(n_gi + κ p_i) / (n_g + κ)``, the mean of a Dirichlet prior around p and the group's own counts (the smoothing of
Zhai & Lafferty, A study of smoothing methods for language models, SIGIR 2001).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from zhiyin.loop.recommend.arrays import F32, F64
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.groups import Groups
from zhiyin.loop.recommend.interface import Arrays, Recommender, Space
from zhiyin.loop.recommend.popularity import LATELY
from zhiyin.loop.recommend.queries import Queries


class GroupPopularity(Recommender):
    """Popularity within the customer's group, everybody's where the group is small, or not known.

    ``by`` is the attribute of ``Customers.groups`` that parts customers; empty: the one that foretells best what
    each group takes, each event judged by the others; none if none does so better than overall popularity. A group's own
    events count as much as everybody's once they add up to ``shrinkage`` purchases. ``half_life`` is in days.
    """

    PARAMETERS: ClassVar[Space] = {
        "by": ("",),
        "half_life": (LATELY, 7.0, 90.0),
        "shrinkage": (50.0, 10.0, 200.0),
    }
    REQUIRES: ClassVar[frozenset[str]] = frozenset({"groups"})
    REASON: ClassVar[str] = "popular"
    by_: str
    shares_: F32

    def __init__(self, by: str = "", half_life: float = LATELY, shrinkage: float = 50.0) -> None:
        self.by = by
        self.half_life = half_life
        self.shrinkage = shrinkage

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        counts = {
            name: _counts(data, groups, self.half_life) for name, groups in data.customers.groups.items()
        }
        whole = _counts(data, Groups.told([None] * data.users), self.half_life)[-1]
        overall = whole / max(whole.sum(), 1e-12)
        self.by_ = self.by or _telling(counts, overall, self.shrinkage)
        own = counts.get(self.by_, whole[None])[:-1]
        shares = (own + self.shrinkage * overall) / (own.sum(axis=1, keepdims=True) + self.shrinkage)
        self.shares_ = (np.vstack([shares, overall]) / max(overall.max(initial=0), 1e-12)).astype(np.float32)
        return self

    def score(self, asked: Queries) -> F32:
        unknown = np.full(len(asked), -1, dtype=np.int32)
        # the last row is everybody's, so that -1 is whoever is in no group
        scores = self.shares_[asked.groups.get(self.by_, unknown)]
        return np.where(scores > 0, scores, np.float32(-np.inf))

    def to_arrays(self) -> Arrays:
        return {
            "by": np.array(self.by_),
            "shares": self.shares_,
            "half_life": np.array(self.half_life),
            "shrinkage": np.array(self.shrinkage),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(str(arrays["by"]), float(arrays["half_life"]), float(arrays["shrinkage"]))
        self.by_, self.shares_ = self.by, arrays["shares"]
        return self


def _counts(data: Data, groups: Groups, half_life: float) -> F64:
    """Groups x items, counts of customers faded since the latest event; the last row is of those in no group."""
    log = data.latest
    age = data.age(log)
    # not since now: in a shop that was quiet for long all would weigh next to nothing beside the shrinkage
    worth = np.maximum(log.weight, 0) * 0.5 ** ((age - age.min(initial=np.inf)) / half_life)
    rows = len(groups.names) + 1
    cells = (groups.of[log.user] % rows).astype(np.int64) * data.items + log.item
    counts = np.bincount(cells, worth, minlength=rows * data.items).reshape(rows, data.items)
    return np.asarray(counts, dtype=np.float64)


def _telling(counts: Mapping[str, F64], overall: F64, shrinkage: float) -> str:
    """The attribute whose shrunk shares make what was taken likeliest, each event left out of its own group's."""
    found, most = "", 0.0
    for name, of in sorted(counts.items()):
        own = of[:-1]
        rest = np.maximum(own - 1, 0) + shrinkage * overall
        likely = rest / np.maximum(own.sum(axis=1, keepdims=True) - 1 + shrinkage, 1e-12)
        there = own > 0
        gain = float((own * np.log(np.where(there, likely, 1) / np.where(there, overall, 1)))[there].sum())
        if gain > most:
            found, most = name, gain
    return found
