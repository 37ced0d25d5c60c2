"""Every figure of a list is the one counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.recommend.evaluate.metrics import ERRORS, LIST, errors, of_lists

# hits in the second and third place of four shown, of three right answers
HITS = np.array([[False, True, True, False]])
SIZES = np.array([3])
LOG2_3, LOG2_4 = math.log2(3), 2.0


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("precision@4", 2 / 4),
        ("recall@4", 2 / 3),
        ("recall_capped@4", 2 / 3),
        ("recall_capped@2", 1 / 2),  # of three right answers, two fit
        ("recall@2", 1 / 3),
        ("f1@4", 2 * (1 / 2) * (2 / 3) / (1 / 2 + 2 / 3)),
        ("hit_rate@4", 1.0),
        ("mrr@4", 1 / 2),
        ("map@4", (1 / 2 + 2 / 3) / 3),
        ("map@2", (1 / 2) / 2),
        ("map_trec@2", (1 / 2) / 3),
        ("ndcg@4", (1 / LOG2_3 + 1 / LOG2_4) / (1 + 1 / LOG2_3 + 1 / LOG2_4)),
        ("ndcg@2", (1 / LOG2_3) / (1 + 1 / LOG2_3)),
    ],
)
def test_figures_counted_by_hand(figure: str, value: float) -> None:
    assert of_lists(HITS, SIZES, [2, 4])[figure] == pytest.approx([value])


def test_no_hit_is_nothing_and_all_hits_are_one() -> None:
    none = of_lists(np.zeros((1, 3), dtype=bool), np.array([2]), [3])
    assert {name: float(value[0]) for name, value in none.items()} == {f"{name}@3": 0.0 for name in LIST}
    full = of_lists(np.ones((1, 3), dtype=bool), np.array([3]), [3])
    assert {float(value[0]) for value in full.values()} == {1.0}


@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=6), st.integers(0, 4))
def test_figures_lie_between_nothing_and_one_and_grow_with_better_places(
    rows: list[list[bool]], more: int
) -> None:
    hits = np.array(rows)
    sizes = np.maximum(hits.sum(axis=1) + more, 1)
    found = of_lists(hits, sizes, [1, 3, 5])
    for values in found.values():
        assert ((values >= 0) & (values <= 1 + 1e-12)).all()
    first = of_lists(np.sort(hits, axis=1)[:, ::-1], sizes, [5])
    for name, values in first.items():
        assert (values >= found[name] - 1e-12).all(), name


@given(st.permutations(range(4)))
def test_the_order_of_the_questions_does_not_matter(order: list[int]) -> None:
    hits = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)
    sizes = np.array([2, 1, 5, 1])
    plain, moved = of_lists(hits, sizes, [2, 3]), of_lists(hits[order], sizes[order], [2, 3])
    for name, values in plain.items():
        np.testing.assert_array_equal(values[order], moved[name])


def test_a_question_without_right_answers_is_refused() -> None:
    with pytest.raises(ValueError, match="measures nothing"):
        of_lists(HITS, np.array([0]), [2])


def test_errors_of_ratings() -> None:
    squared, absolute = errors(np.array([4.0, 2.0, 3.0]), np.array([5.0, 2.0, 1.0]))
    assert math.sqrt(squared.mean()) == pytest.approx(math.sqrt(5 / 3))
    assert absolute.mean() == pytest.approx(1.0)
    assert set(ERRORS) == {"rmse", "mae"}
