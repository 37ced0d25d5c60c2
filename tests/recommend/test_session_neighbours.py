"""STAN against its formulas written out word by word, and sessions whose next item is visible."""

from __future__ import annotations

from math import exp, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.recommend.worlds import RNG, asked, data

from zhiyin.loop.recommend.session_neighbours import SessionNeighbours

SIZE = 6
lists = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=6)


def literal(sessions: list[list[int]], asked: list[int], model: SessionNeighbours) -> np.ndarray:
    """The formulas of the paper, one loop a line; but for the length of what is asked, the same for all."""
    back = {item: len(asked) - 1 - place for place, item in enumerate(asked)}
    near = []
    for number, session in enumerate(sessions):
        shared = sum(exp(-back[item] / model.recency) for item in set(session) & set(asked))
        age = (len(sessions) - 1 - number) / len(sessions)
        near.append((shared / sqrt(len(set(session))) * exp(-age / model.memory), number))
    scores = np.zeros(SIZE)
    for likeness, number in sorted((one for one in near if one[0] > 0), reverse=True)[: model.k]:
        places = {item: place for place, item in enumerate(sessions[number])}
        last = max(place for item, place in places.items() if item in back)
        for item, place in places.items():
            scores[item] += likeness * exp(-abs(place - last) / model.spread)
    return scores


@given(st.lists(lists, min_size=1, max_size=8), st.lists(lists, min_size=1, max_size=3), st.integers(1, 4))
def test_it_is_stan_word_by_word(sessions: list[list[int]], histories: list[list[int]], k: int) -> None:
    model = SessionNeighbours(k=k, recency=1.7, memory=0.4, spread=2.2)
    model.fit(data(sessions, SIZE, grouped="session"), RNG)
    found = model.score(asked(*histories))
    for row, history in enumerate(histories):
        wanted = literal(sessions, history, model)
        np.testing.assert_allclose(np.where(np.isneginf(found[row]), 0, found[row]), wanted, rtol=1e-5)


@given(st.lists(lists, min_size=1, max_size=8), lists, st.floats(0, 1))
def test_parts_add_up_to_the_score(sessions: list[list[int]], history: list[int], own: float) -> None:
    model = SessionNeighbours(k=3, own=own).fit(data(sessions, SIZE, grouped="session"), RNG)
    question = asked([0], history)
    items = np.arange(SIZE, dtype=np.int32)
    scores = model.score(question)[1]
    for item, told in zip(items, model.explain(question, 1, items), strict=True):
        assert sum(part for _, part in told) == pytest.approx(max(scores[item], 0), rel=1e-5)
        assert {history[place] for place, _ in told} <= set(history)


def test_linear_weights_without_memory_and_spread_are_vsknn() -> None:
    sessions = [[0, 1, 4], [1, 2, 5], [3, 2]]
    model = SessionNeighbours(weights="linear", memory=np.inf, spread=np.inf)
    found = model.fit(data(sessions, SIZE, grouped="session"), RNG).score(asked([0, 1]))[0]
    first, second = (1 / 2 + 1) / sqrt(3), 1 / sqrt(3)
    assert found[4] == pytest.approx(first)
    assert found[5] == pytest.approx(second)
    assert found[1] == pytest.approx(first + second)
    assert np.isneginf(found[3])


def test_the_session_like_ours_says_what_comes_next() -> None:
    model = SessionNeighbours(memory=np.inf)
    model.fit(data([[0, 1, 2], [3, 1, 4]], SIZE, grouped="session"), RNG)
    scores = model.score(asked([0, 1], [3, 1]))
    scores[:, [0, 1, 3]] = -np.inf
    assert scores.argmax(axis=1).tolist() == [2, 4]


def test_only_the_running_session_is_asked_about() -> None:
    model = SessionNeighbours().fit(data([[0, 2], [1, 3]], SIZE, grouped="session"), RNG)
    running = model.score(asked([0, 1], session_from=[1]))
    np.testing.assert_array_equal(running, model.score(asked([1])))
    over = model.score(asked([0, 1], session_from=[2]))  # none is running: what was done last
    np.testing.assert_array_equal(over, model.score(asked([0, 1])))


def test_an_item_being_looked_at_is_the_latest_step() -> None:
    model = SessionNeighbours().fit(data([[0, 1, 2], [3, 1, 4]], SIZE, grouped="session"), RNG)
    np.testing.assert_allclose(model.score(asked([0], context=[1])), model.score(asked([0, 1])), rtol=1e-6)
    assert model.explain(asked([], context=[1]), 0, np.array([2], np.int32)) == [[]]


@pytest.mark.parametrize("weights", ["exponential", "linear"])
def test_a_look_that_the_history_ends_with_is_one_step(weights: Any) -> None:
    model = SessionNeighbours(weights=weights)
    model.fit(data([[0, 1, 2], [3, 1, 4]], SIZE, grouped="session"), RNG)
    np.testing.assert_array_equal(model.score(asked([0, 1], context=[1])), model.score(asked([0, 1])))
    (told,) = model.explain(asked([0, 1], context=[1]), 0, np.array([2], np.int32))
    assert {place for place, _ in told} == {0, 1}


def test_of_much_seen_items_only_the_latest_sessions_are_looked_at() -> None:
    model = SessionNeighbours(candidates=2).fit(data([[0, 1], [0, 2], [0, 3]], SIZE, grouped="session"), RNG)
    assert np.isneginf(model.score(asked([0]))[0]).tolist() == [False, True, False, False, True, True]


def test_own_items_count_as_told() -> None:
    world = data([[0, 1]], SIZE, grouped="session")
    all_of = SessionNeighbours().fit(world, RNG).score(asked([0]))[0]
    half = SessionNeighbours(own=0.5).fit(world, RNG).score(asked([0]))[0]
    assert half[0] == pytest.approx(all_of[0] / 2)
    assert half[1] == all_of[1]
    assert np.isneginf(SessionNeighbours(own=0).fit(world, RNG).score(asked([0]))[0, 0])


def test_the_forgotten_are_as_if_they_had_never_been() -> None:
    digests = np.arange(48, dtype=np.uint8).reshape(3, 16)
    sessions = [[0, 1], [0, 2], [0, 3]]
    model = SessionNeighbours(memory=np.inf).fit(
        data(sessions, SIZE, grouped="session", digests=digests), RNG
    )
    left = model.forget(digests[[1]])
    without = data([sessions[0], sessions[2]], SIZE, grouped="session")
    wanted = SessionNeighbours(memory=np.inf).fit(without, RNG).score(asked([0]))
    np.testing.assert_array_equal(left.score(asked([0])), wanted)
    for array in left.to_arrays().values():
        assert bytes(digests[1]) not in array.tobytes()
