"""Recently viewed, habits and chance."""

from __future__ import annotations

import numpy as np
import pytest
from tests.recommend.worlds import RNG, asked, data

from zhiyin.loop.recommend.arrays import DAY
from zhiyin.loop.recommend.habits import Habits
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.random_ import Random, mixed
from zhiyin.loop.recommend.recent import Recent


def ranked(scores: np.ndarray) -> list[int]:
    return [int(item) for item in np.argsort(-scores, kind="stable") if scores[item] > -np.inf]


def test_recent_is_the_own_items_the_latest_first_once() -> None:
    model = Recent().fit(data([[0, 1, 2]], 5), RNG)
    assert ranked(model.score(asked([3, 1, 4, 3]))[0]) == [3, 4, 1]
    assert ranked(model.score(asked([3, 1, 4, 3], context=[3]))[0]) == [4, 1]
    assert ranked(model.score(asked([]))[0]) == []
    assert model.explain(asked([3, 1, 4, 3]), 0, np.array([3, 0], np.int32)) == [[(3, 1.0)], []]


def test_habits_are_shares_of_visits_faded_by_age() -> None:
    at = np.array([0, 0, 10, 10, 20]) * DAY  # visits of 0 and 1, of 0 twice, of 2
    question = Queries.of([0, 5], [0, 1, 0, 0, 2], at=at, now=30 * DAY)
    model = Habits(half_life=10, popular=0).fit(data([[3]], 4), RNG)
    scores = model.score(question)[0]
    assert scores[0] == pytest.approx(2 / 3 * 0.25)
    assert scores[1] == pytest.approx(1 / 3 * 0.125)
    assert scores[2] == pytest.approx(1 / 3 * 0.5)
    assert np.isneginf(scores[3])
    few = Habits(half_life=10, popular=0, visits=2).fit(data([[3]], 4), RNG).score(question)[0]
    assert few[0] == pytest.approx(1 / 2 * 0.25)
    assert np.isneginf(few[1])


def test_after_the_own_come_the_popular() -> None:
    model = Habits().fit(data([[2, 2, 3], [2, 1]], 5), RNG)
    assert ranked(model.score(asked([0]))[0]) == [0, 2, 1, 3]
    assert ranked(model.score(asked([]))[0]) == [2, 1, 3]


def test_chance_is_even_and_the_same_for_the_same_question() -> None:
    model = Random().fit(data([[0]], 50), RNG)
    many = asked(*[[n % 50, n // 50] for n in range(2_000)])
    scores = model.score(many)
    first = np.bincount(scores.argmax(axis=1), minlength=50)
    assert first.min() > 15  # 40 each, give or take
    assert first.max() < 80
    np.testing.assert_array_equal(model.score(asked([7, 3])), model.score(asked([1], [7, 3]))[1:])
    assert ranked(scores[0]) != ranked(scores[1])


def test_mixing_is_splitmix64() -> None:
    # the first numbers of the generator seeded with 1234567, as its authors' program gives them
    seeds = np.uint64(1234567) + np.uint64(0x9E3779B97F4A7C15) * np.arange(3, dtype=np.uint64)
    assert mixed(seeds).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]
