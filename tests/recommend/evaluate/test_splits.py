"""Splits ask about what models cannot have learned, and say how they were made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from tests.recommend.evaluate.six_items import DAY, TRAIN, A, B, C, D, E, F, answers_of, data, given

from zhiyin.domain.errors import Conflict
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.evaluate import leaks, splits
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import Queries

ROWS = ((0, A), (1, A), (0, B), (2, C), (1, B), (0, C), (1, A), (0, D), (3, A))


def answers(task: Task) -> dict[int, list[int]]:
    parts = np.split(task.targets.indices, task.targets.indptr[1:-1])
    return {int(user): part.tolist() for user, part in zip(task.users, parts, strict=True)}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_by_time_asks_known_customers_for_what_is_new_to_them() -> None:
    task = splits.by_time(data(ROWS), 5 * DAY, 9 * DAY, rng=rng())
    # after the fifth day: 0 took C and D, 1 took A again, 3 is new
    assert answers(task) == {0: [C, D]}
    assert task.data.log.at.max() < 5 * DAY
    assert task.masked[[0]].indices.tolist() == [A, B]
    assert task.protocol.cut == "1970-01-06T00:00:00+00:00"
    assert task.asked.item.tolist() == [A, B]
    assert task.asked.age.tolist() == [5.0, 3.0]


def test_with_repeats_everything_taken_later_counts() -> None:
    task = splits.by_time(data(ROWS), 5 * DAY, 9 * DAY, repeats=True, rng=rng())
    assert answers(task) == {0: [C, D], 1: [A]}
    assert task.masked.nnz == 0
    assert not task.protocol.mask_seen


def test_only_the_kind_asked_for_is_a_right_answer_or_masked() -> None:
    log = Log.of([0, 0, 0, 0], [A, B, C, B], np.arange(4) * DAY, kind=[2, 0, 0, 0])
    shop = Data(log, 1, Catalogue.of(list("ABCDEF")), Customers(), 4 * DAY)
    task = splits.by_time(shop, 2 * DAY, 4 * DAY, kind="bought", rng=rng())
    assert answers(task) == {0: [C]}
    assert task.masked.indices.tolist() == [B]  # A was only looked at
    assert task.protocol.kinds == ("bought",)


def test_items_not_on_offer_are_not_asked_for() -> None:
    offered = np.arange(6) != C
    assert answers(splits.by_time(data(ROWS, available=offered), 5 * DAY, 9 * DAY, rng=rng())) == {0: [D]}
    learned = splits.by_time(data(ROWS), 5 * DAY, 9 * DAY, only_learned=True, rng=rng())
    assert learned.candidates.tolist() == [True, True, True, False, False, False]
    assert answers(learned) == {0: [C, D]}  # D is a miss for all
    assert learned.protocol.unknown_items == 1


def test_what_an_item_will_be_is_not_told_before_the_cut() -> None:
    first = np.array([0, 2, 3, 7, 9, 9]) * DAY
    task = splits.by_time(data(ROWS, seen_first=first), 5 * DAY, 9 * DAY, rng=rng())
    assert task.data.catalogue.seen_first[:3].tolist() == [0, 2 * DAY, 3 * DAY]
    assert (task.data.catalogue.seen_first[3:] > 9 * DAY).all()


def test_customers_can_be_drawn() -> None:
    task = splits.by_time(data(ROWS), 5 * DAY, 9 * DAY, repeats=True, most=1, rng=rng())
    assert len(task) == 1


def test_leave_last_asks_for_the_last_item_at_its_moment() -> None:
    task = splits.leave_last(data(ROWS), overlap="keep")
    assert answers(task) == {0: [D], 1: [A]}  # 2 and 3 took one thing only
    assert len(task.data.log) == len(ROWS) - 2
    assert task.asked.block(0, 1).item.tolist() == [A, B, C]
    assert task.asked.block(0, 1).age.tolist() == [7.0, 5.0, 2.0]
    dropped = splits.leave_last(data(ROWS))  # 1 had A before: nobody can find what is masked
    assert answers(dropped) == {0: [D]}
    assert dropped.protocol.overlap == 1


def test_the_one_before_the_last_is_for_choosing() -> None:
    task = splits.leave_last(data(ROWS), hold=2)
    assert answers(task) == {0: [C], 1: [B]}
    assert task.asked.block(0, 1).item.tolist() == [A, B]
    held = {(0, C), (0, D), (1, B)}
    assert held.isdisjoint(zip(task.data.log.user.tolist(), task.data.log.item.tolist(), strict=True))


def test_held_out_customers_are_learned_from_by_nobody() -> None:
    rows = [(user, item) for user in range(10) for item in (A, B, C, D, E)]
    task = splits.held_out_users(data(rows, users=10), 0.3, rng())
    assert len(task) == 3
    assert set(task.data.log.user.tolist()).isdisjoint(task.users.tolist())
    for question in range(3):
        told = set(task.asked.block(question, question + 1).item.tolist())
        right = set(answers(task)[int(task.users[question])])
        assert (len(told), len(right)) == (4, 1)
        assert told.isdisjoint(right)
        assert told == set(task.masked[[question]].indices.tolist())


def test_given_files_keep_new_customers_and_drop_what_overlaps() -> None:
    task = given((0, D), (0, A), (3, B))
    assert answers(task) == {0: [D], 3: [B]}
    assert (task.protocol.overlap, task.protocol.overlap_rule) == (1, "drop")
    assert task.slices["activity"].names[0] == "0"
    kept = given((0, D), (0, A), overlap="keep")
    assert answers(kept) == {0: [A, D]}
    assert answers(given((0, A), mask_seen=False)) == {0: [A]}
    with pytest.raises(Conflict, match="1 pairs of customer and item are in both"):
        given((0, D), (0, A), overlap="refuse")


def test_sessions_repeat_and_their_prefixes_belong_together() -> None:
    train = data(TRAIN)
    # ab→c, a→b of one session; d→a of another; e→f, ef→a growing
    prefixes = Queries.of([0, 2, 3, 4, 5, 7], [A, B, A, D, E, E, F])
    task = splits.sessions(train, prefixes, np.array([C, B, A, F, A], dtype=np.int32))
    assert task.masked.nnz == 0
    assert task.units is not None
    assert task.units.tolist() == [0, 0, 1, 2, 2]
    assert task.protocol.questions == 5


@settings(max_examples=30)
@examples(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=1, max_size=30), st.integers(0, 29)
)
def test_no_split_leaks(rows: list[tuple[int, int]], cut: int) -> None:
    world = data(rows, users=5)
    tasks = [
        splits.by_time(world, cut * DAY, len(rows) * DAY, rng=rng()),
        splits.leave_last(world),
        splits.leave_last(world, hold=2),
        splits.held_out_users(world, 0.5, rng()),
        splits.given(world, answers_of(rows[::2])),
    ]
    for task in tasks:
        assert leaks.look(task) == []
        assert (np.diff(task.targets.indptr) > 0).all()
