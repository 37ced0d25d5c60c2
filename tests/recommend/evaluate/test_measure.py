"""Models are ranked, masked, filled and measured as the protocol says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from tests.recommend.evaluate.six_items import TRAIN, A, B, C, D, E, F, Lists, answers_of, data, given

from zhiyin.loop.recommend.evaluate import splits
from zhiyin.loop.recommend.evaluate.asking import replace_log
from zhiyin.loop.recommend.evaluate.measure import figures, found, measure, rank
from zhiyin.loop.recommend.evaluate.task import Task, pairs
from zhiyin.loop.recommend.queries import Queries


def test_seen_items_are_not_shown_and_the_rest_is_filled_with_what_is_popular() -> None:
    task = given((0, D), (2, C))
    ranked = rank(Lists(E, A), task, 3)
    # customer 0 had A, B and C; after E what nobody took, in the order of the hash
    assert ranked[0].tolist()[0] == E
    assert set(ranked[0].tolist()) <= {D, E, F}
    assert ranked[1].tolist() == [E, B, C]  # 2 had A; B is more popular than C


def test_without_filling_a_short_list_stays_short() -> None:
    task = replace(given((2, C)), fill=False)
    assert rank(Lists(C, E), task, 4).tolist() == [[C, E, -1, -1]]


def test_figures_are_those_of_the_lists() -> None:
    task = given((0, D), (2, C), (2, F))
    found = measure(Lists(E, C, D), task, [1, 2])
    assert found.per_query["recall@2"].tolist() == [1.0, 0.5]  # 0 sees E, D; 2 sees E, C
    assert found.per_query["hit_rate@1"].tolist() == [0.0, 0.0]
    assert found.per_query["ndcg@2"][1] == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert found.whole["coverage@2"] == pytest.approx(3 / 6)


def test_a_perfect_list_scores_one() -> None:
    task = given((0, D), (1, D))
    found = measure(Lists(D), task, [1])
    assert {
        float(found.per_query[f"{name}@1"].mean()) for name in ("recall", "ndcg", "map", "mrr", "f1")
    } == {1.0}


def test_items_of_the_test_only_are_misses_for_every_model() -> None:
    task = splits.given(data(TRAIN), answers_of([(2, B), (2, F)]))
    assert task.protocol.unknown_items == 1
    assert not task.candidates[F]
    assert measure(Lists(F, B), task, [2]).per_query["recall@2"].tolist() == [0.5]


def test_cold_items_are_measured_apart() -> None:
    rows = [(user, A) for user in range(5)] + [(0, B)]
    task = splits.given(data(rows, users=7), answers_of([(5, A), (5, B), (6, A)]), only_learned=False)
    cold = measure(Lists(B), task, [1]).per_query["recall_cold@1"]
    assert cold[0] == 1.0
    assert np.isnan(cold[1])  # A was taken by five


def test_blocks_give_what_one_block_gives() -> None:
    task = given((0, D), (1, C), (2, B), (2, F))
    model = Lists(F, C, D)
    whole = rank(model, task, 3)
    np.testing.assert_array_equal(whole, rank(model, task, 3, block=1))
    np.testing.assert_array_equal(whole[1:], rank(model, task, 3, start=1, block=2))


class Equal(Lists):
    def score(self, asked: Queries) -> np.ndarray:  # type: ignore[type-arg]
        return np.zeros((len(asked), 6), dtype=np.float32)


def renumbered(task: Task, order: list[int]) -> Task:
    """The same task with its items in other columns."""
    place = np.argsort(order)
    catalogue = replace(
        task.data.catalogue,
        item_ids=task.data.catalogue.item_ids[order],
        available=task.data.catalogue.available[order],
    )
    log = task.data.log
    moved = replace_log(task.data, replace(log, item=place[log.item].astype(np.int32)))
    asked = replace(task.asked, item=place[task.asked.item].astype(np.int32))

    def columns(matrix):  # type: ignore[no-untyped-def]
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        return pairs(rows, place[matrix.indices], matrix.shape)

    return replace(
        task,
        data=replace(moved, catalogue=catalogue),
        asked=asked,
        targets=columns(task.targets),
        masked=columns(task.masked),
        candidates=task.candidates[order],
    )


@settings(max_examples=25)
@examples(st.permutations(range(6)))
def test_ties_go_by_the_hash_of_the_id_whatever_the_columns(order: list[int]) -> None:
    task = given((0, D), (1, C), (2, B), (2, F))
    plain, moved = measure(Equal(), task, [1, 3]), measure(Equal(), renumbered(task, order), [1, 3])
    for name, values in plain.per_query.items():
        np.testing.assert_allclose(values, moved.per_query[name], err_msg=name)
    assert plain.whole == pytest.approx(moved.whole)


def test_lists_of_anybody_can_be_measured() -> None:
    task = given((0, D), (2, C))
    ranked = np.array([[D, -1], [F, C]], dtype=np.int32)
    assert found(ranked, task.targets).tolist() == [[True, False], [False, True]]
    assert figures(ranked, task, [2]).per_query["mrr@2"].tolist() == [1.0, 0.5]
