"""What lists show besides right answers is as counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.recommend.evaluate.six_items import TRAIN, A, B, C, D, E, F, answers_of, data, given

from zhiyin.loop.recommend.evaluate import splits
from zhiyin.loop.recommend.evaluate.measure import found
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.evaluate.variety import likeness, of_all, of_each, percentiles


def each(ranked: list[list[int]], task: Task, k: int) -> dict[str, list[float]]:
    lists = np.array(ranked, dtype=np.int32)
    values = of_each(lists, found(lists, task.targets), task, k, likeness(task)[1])
    return {name: value.tolist() for name, value in values.items()}


def test_novelty_is_the_surprise_of_meeting_a_customer_of_the_item() -> None:
    task = given((2, C), (1, C))
    values = each([[A, B], [C, F]], task, 2)["novelty@2"]
    # of three customers, three have A, two B, one C; nobody F, counted as one
    assert values == pytest.approx([-math.log2(2 / 3) / 2, -math.log2(1 / 3)])


def test_diversity_is_one_less_the_cosine_of_the_customers() -> None:
    task = given((2, C), (1, C))
    assert likeness(task)[0] == "customers in common"
    values = each([[A, B], [B, F]], task, 2)["diversity@2"]
    assert values == pytest.approx([1 - 2 / math.sqrt(3 * 2), 1.0])  # A and B share two customers


def test_given_vectors_decide_what_is_alike() -> None:
    vectors = {"text": np.array([[1, 0], [1, 0], [0, 1], [0, 0], [0, 0], [0, 0]], dtype=np.float32)}
    task = splits.given(data(TRAIN, vectors=vectors), answers_of([(2, C), (2, B)]), only_learned=False)
    assert likeness(task)[0] == "vectors text"
    assert each([[A, B]], task, 2)["diversity@2"] == pytest.approx([0.0])
    assert each([[A, C]], task, 2)["diversity@2"] == pytest.approx([1.0])


def test_serendipity_counts_hits_that_popularity_would_not_show() -> None:
    vectors = {"text": np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [1, 1]], dtype=np.float32)}
    task = splits.given(
        data(TRAIN, vectors=vectors), answers_of([(2, B), (2, D), (2, F), (1, C)]), only_learned=False
    )
    # popularity shows A and B; 1 had A and B, 2 had A; F is half like them, D not at all
    assert each([[C, E], [B, D]], task, 2)["serendipity@2"] == pytest.approx([0.0, 0.5])
    assert each([[C, E], [F, A]], task, 2)["serendipity@2"][1] == pytest.approx((1 - 1 / math.sqrt(2)) / 2)


def test_calibration_is_nothing_where_the_list_has_the_historys_categories() -> None:
    category = [0, 1, 0, 0, 1, 1]
    task = splits.given(
        data(TRAIN, category=category, categories=["x", "y"]), answers_of([(1, C)]), only_learned=False
    )
    assert each([[D, E]], task, 2)["calibration@2"] == pytest.approx([0.0])  # she had A and B
    skewed = 0.5 * math.log(0.5 / (0.99 + 0.005)) + 0.5 * math.log(0.5 / 0.005)
    assert each([[C, D]], task, 2)["calibration@2"] == pytest.approx([skewed])
    assert "calibration@2" not in each([[A, B]], given((2, C)), 2)


def test_the_catalogue_as_a_whole() -> None:
    task = given((2, C), (1, C))
    values = of_all(np.array([[A, B], [A, C]], dtype=np.int32), task, 2)
    assert values["coverage@2"] == pytest.approx(3 / 6)
    # shown 2, 1, 1, 0, 0, 0 times
    assert values["gini@2"] == pytest.approx(2 * (4 * 1 + 5 * 1 + 6 * 2) / (6 * 4) - 7 / 6)
    assert values["top_decile@2"] == pytest.approx(2 / 4)  # one item of six, A
    rank = percentiles(task.takers, task.candidates)
    assert rank[:3].tolist() == pytest.approx([11 / 12, 9 / 12, 7 / 12])
    assert values["popularity_bias@2"] == pytest.approx((11 + 9 + 11 + 7) / 4 / 7)


def test_lists_of_one_item_have_no_diversity() -> None:
    assert np.isnan(each([[A, -1]], given((2, C)), 2)["diversity@2"][0])
