"""Foretold ratings: errors by hand, customers drawn whole, the mean as the floor."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.recommend.evaluate.six_items import A, B, C, data

from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.evaluate import splits
from zhiyin.loop.recommend.evaluate.asking import replace_log
from zhiyin.loop.recommend.evaluate.measure import rate
from zhiyin.loop.recommend.evaluate.ratings import MEAN, compare_ratings
from zhiyin.loop.recommend.evaluate.task import RatingTask
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import Queries


def rated(rows: list[tuple[int, int, float]]) -> Log:
    users, items, ratings = zip(*rows, strict=True)
    return Log.of(users, items, np.arange(len(rows)), rating=ratings)


def task() -> RatingTask:
    train: Data = replace_log(data([]), rated([(0, A, 1.0), (1, A, 5.0), (2, B, 3.0)]))
    found = splits.ratings(train, rated([(1, B, 5.0), (0, B, 2.0), (0, C, 4.0)]))
    assert found is not None
    return found


class Says:
    def __init__(self, rating: float) -> None:
        self.rating = rating

    def rate(self, asked: Queries, items: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        assert len(asked) == len(items)
        return np.full(len(items), self.rating, dtype=np.float32)


def test_errors_are_those_counted_by_hand() -> None:
    found = compare_ratings(task(), {"four": rate(Says(4.0), task())}, np.random.default_rng(0))
    assert found["four"].rmse.value == pytest.approx(math.sqrt((2**2 + 0 + 1) / 3))
    assert found["four"].mae.value == pytest.approx(1.0)
    assert found[MEAN].rmse.value == pytest.approx(math.sqrt((1 + 1 + 4) / 3))  # the mean of training is 3
    assert found["four"].better.value == pytest.approx(math.sqrt(6 / 3) - math.sqrt(5 / 3))


def test_foretold_ratings_are_clipped_to_what_was_ever_given() -> None:
    assert rate(Says(9.0), task()).tolist() == [5.0, 5.0, 5.0]
    assert rate(Says(-9.0), task()).tolist() == [1.0, 1.0, 1.0]


def test_each_rating_is_asked_with_its_customers_history() -> None:
    class Mean(Says):
        def rate(self, asked: Queries, items: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
            assert asked.rating is not None
            return np.array([asked.rating[asked.indptr[row]] for row in range(len(asked))], dtype=np.float32)

    asked = task()
    assert asked.users.tolist() == [0, 0, 1]
    assert rate(Mean(0.0), asked).tolist() == [1.0, 1.0, 5.0]


def test_without_ratings_there_is_nothing_to_foretell() -> None:
    assert splits.ratings(data([(0, A)]), rated([(0, B, 1.0)])) is None
