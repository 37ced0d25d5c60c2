"""A chain whose next item is visible."""

from __future__ import annotations

import numpy as np
import pytest
from tests.recommend.worlds import RNG, asked, data

from zhiyin.loop.recommend.markov import Markov, pruned, transitions

CYCLE = [[0, 1, 2, 3, 0, 1, 2, 3], [2, 3, 0, 1, 2, 3]]


def best(scores: np.ndarray) -> list[int]:
    return scores.argmax(axis=1).tolist()


def test_the_next_of_a_cycle_comes_first() -> None:
    model = Markov(gaps=1, backward=0).fit(data(CYCLE, 4), RNG)
    assert best(model.score(asked([0], [1], [2], [0, 1, 2, 3]))) == [1, 2, 3, 0]


def test_gaps_and_the_way_back_count_as_told() -> None:
    world = data([[0, 1, 2], [2, 0]], 3)
    found = transitions(world.sequences(), 3, gaps=2, backward=0.5, weight=np.ones(5, np.float32)).toarray()
    on = np.array([[0, 1, 1 / 2], [0, 0, 1], [1, 0, 0]])
    np.testing.assert_allclose(found, on + 0.5 * on.T)


def test_the_score_is_the_formula() -> None:
    world = data([[0, 1, 2, 1], [2, 0, 3], [3, 1]], 4)
    model = Markov(gaps=2, backward=0.5, fade=0.7, rows=0.4, columns=0.6).fit(world, RNG)
    t = transitions(world.sequences(), 4, gaps=2, backward=0.5, weight=np.ones(9, np.float32)).toarray()
    w = t / t.sum(axis=1, keepdims=True) ** 0.4 / t.sum(axis=0) ** 0.6
    wanted = w[1] + 0.7 * w[3] + 0.49 * w[1]
    found = model.score(asked([1, 3, 1]))[0]
    np.testing.assert_allclose(np.where(wanted > 0, found, 0), wanted, rtol=1e-5)
    assert (np.isneginf(found) == (wanted == 0)).all()


def test_the_log_is_forgotten_by_its_share() -> None:
    world = data([[0, 1], [0, 2]], 3)  # 0 → 1 was one half of the log earlier than 0 → 2
    scores = Markov(backward=0, rows=0, columns=0, memory=0.5).fit(world, RNG).score(asked([0]))[0]
    assert scores[1] / scores[2] == pytest.approx(np.exp(-0.5 / 0.5))


def test_an_item_being_looked_at_is_the_latest_step() -> None:
    model = Markov().fit(data(CYCLE, 4), RNG)
    np.testing.assert_allclose(model.score(asked([1], context=[2])), model.score(asked([1, 2])), rtol=1e-6)
    assert best(Markov(gaps=1, backward=0).fit(data(CYCLE, 4), RNG).score(asked([], context=[2]))) == [3]
    np.testing.assert_array_equal(model.score(asked([1, 2], context=[2])), model.score(asked([1, 2])))


def test_each_target_keeps_its_strongest_sources() -> None:
    world = data([[0, 3], [0, 3], [1, 3], [1, 3], [1, 3], [2, 3], [2, 0]], 4)
    pairs = transitions(world.sequences(), 4, gaps=1, backward=0, weight=np.ones(14, np.float32))
    assert pruned(pairs, np.ones(4, np.float32), 2).toarray()[:, 3].tolist() == [2, 3, 0, 0]
    tempered = np.array([1, 1, 10, 1], np.float32)
    assert pruned(pairs, tempered, 1).toarray()[:, 3].tolist() == [0, 0, 1, 0]
    assert pruned(pairs, tempered, 1)[2, 0] == 1


def test_parts_add_up_to_the_score() -> None:
    model = Markov(gaps=3, rows=0.4).fit(data([*CYCLE, [4, 1, 0], [3, 4]], 5), RNG)
    question = asked([1], [4, 0, 4, 2])
    items = np.arange(5, dtype=np.int32)
    for item, told in zip(items, model.explain(question, 1, items), strict=True):
        assert sum(part for _, part in told) == pytest.approx(
            max(model.score(question)[1, item], 0), rel=1e-5
        )
        assert told == sorted(told, key=lambda cause: -cause[1])


def test_learning_in_two_parts_is_learning_at_once() -> None:
    first, second = [[0, 1, 2], [1, 2, 0]], [[2, 4, 1], [3, 0]]
    once = Markov().fit(data([*first, *second], 5), RNG)
    twice = Markov().fit(data(first, 3), RNG).partial_fit(data(second, 5))
    np.testing.assert_allclose(twice.score(asked([1, 0], [4])), once.score(asked([1, 0], [4])), rtol=1e-6)


def test_nothing_learnt_says_nothing() -> None:
    assert np.isneginf(Markov().fit(data([], 3), RNG).score(asked([1], []))).all()


def test_a_second_step_reaches_what_nobody_took_so_soon() -> None:
    world = data([[0, 1], [1, 2]], 3)
    near = Markov(gaps=1, backward=0).fit(world, RNG).score(asked([0]))[0]
    far = Markov(gaps=1, backward=0, further=0.5).fit(world, RNG).score(asked([0]))[0]
    assert np.isneginf(near[2])
    assert far[1] == near[1]
    assert far[2] == pytest.approx(0.5 * near[1])  # all that 1 says goes on to 2
