"""Planted leaks are found, each by its name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.recommend.evaluate.six_items import DAY, A, B, C, D, Lists, data

from zhiyin.loop.recommend.evaluate import leaks, splits
from zhiyin.loop.recommend.evaluate.asking import replace_log
from zhiyin.loop.recommend.evaluate.measure import rank
from zhiyin.loop.recommend.queries import Queries

ROWS = ((0, A), (1, A), (0, B), (1, B), (0, C), (1, D))


def task():  # type: ignore[no-untyped-def]
    return splits.by_time(data(ROWS), 4 * DAY, 6 * DAY, rng=np.random.default_rng(0))


def codes(asked) -> dict[str, int]:  # type: ignore[no-untyped-def]
    return {leak.code: leak.count for leak in leaks.look(asked)}


def test_a_sound_task_has_none() -> None:
    assert codes(task()) == {}


def test_training_on_the_test_is_found() -> None:
    whole = replace_log(task().data, data(ROWS).log)
    assert codes(replace(task(), data=whole)) == {
        "learned_after_the_cut": 2,
        "answers_learned": 2,
        "told_too_late": 2,
    }


def test_an_answer_in_its_own_history_is_found() -> None:
    sound = task()
    told = Queries.of([0, 3, 5], [A, B, C, A, B])
    assert codes(replace(sound, asked=told)) == {"answers_told": 1}


def test_answers_that_cannot_be_shown_are_found() -> None:
    sound = task()
    assert codes(replace(sound, masked=sound.targets)) == {"answers_masked": 2}


def test_swapped_answers_are_found_by_chance_only() -> None:
    rows = [(user, item) for user in range(6) for item in (A, B)] + [
        (user, C + user % 2) for user in range(6)
    ]
    asked = splits.leave_last(data(rows, users=6))
    honest = leaks.canary(rank(Lists(C, D), asked, 1), asked, np.random.default_rng(0))
    assert len(honest) == 6
    assert honest.sum() == 3  # half of the answers are C, whoever gets them
