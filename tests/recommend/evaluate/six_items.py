"""A world of six items, small enough to count by hand, and models whose lists are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.evaluate import splits
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.interface import Recommender
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import Queries

DAY = 86_400_000_000
A, B, C, D, E, F = range(6)


def data(rows: Sequence[tuple[int, int]], users: int = 4, **catalogue: Any) -> Data:
    """Customers and the items they took, a day apart, in this order."""
    log = Log.of([u for u, _ in rows], [i for _, i in rows], np.arange(len(rows)) * DAY)
    return Data(log, users, Catalogue.of(list("ABCDEF"), **catalogue), Customers(), len(rows) * DAY)


def answers_of(rows: Sequence[tuple[int, int]]) -> Log:
    """Rows of a test file."""
    return Log.of([u for u, _ in rows], [i for _, i in rows], np.arange(len(rows)) * DAY)


# A is taken by three, B by two, C by one; nobody took D, E or F
TRAIN = ((0, A), (1, A), (2, A), (0, B), (1, B), (0, C))


def given(*answers: tuple[int, int], **choices: Any) -> Task:
    """The task of these right answers after ``TRAIN``; every item is on offer."""
    return splits.given(data(TRAIN), answers_of(answers), only_learned=False, **choices)


class Lists(Recommender):
    """Shows to everybody the items of a list, best first, and says nothing of others."""

    def __init__(self, *items: int) -> None:
        self.items = items

    def fit(self, data: Data, rng: np.random.Generator) -> Lists:
        return self

    def score(self, asked: Queries) -> np.ndarray[Any, Any]:
        scores = np.full((len(asked), 6), -np.inf, dtype=np.float32)
        scores[:, list(self.items)] = -np.arange(len(self.items), dtype=np.float32)
        return scores
