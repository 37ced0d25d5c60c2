"""Frequent sets and rules: against counting by hand, by brute force, and the groceries of R's arules."""

from __future__ import annotations

import csv
import gzip
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.recommend.itemsets import frequent, least, rules

GROCERIES = Path(__file__).resolve().parents[3] / "shared" / "data" / "groceries" / "groceries.csv.gz"
BASKETS = [[1, 2, 3], [1, 2], [1], [2, 3], [2]]


def test_figures_of_a_rule_by_hand() -> None:
    (rule,) = [r for r in rules(BASKETS, support=0.4, confidence=0.5) if (r.left, r.right) == ((1,), 2)]
    assert rule.count == 2
    assert rule.support == pytest.approx(2 / 5)
    assert rule.confidence == pytest.approx(2 / 3)
    assert rule.lift == pytest.approx((2 / 3) / (4 / 5))
    assert rule.leverage == pytest.approx(2 / 5 - 3 / 5 * 4 / 5)


@given(st.lists(st.lists(st.integers(0, 5), max_size=5), max_size=12), st.integers(1, 4), st.integers(1, 4))
def test_exactly_the_sets_that_enough_baskets_hold(
    baskets: list[list[int]], at_least: int, longest: int
) -> None:
    held = [set(basket) for basket in baskets]
    wanted = {
        items: count
        for size in range(1, longest + 1)
        for items in combinations(range(6), size)
        if (count := sum(set(items) <= basket for basket in held)) >= at_least
    }
    assert frequent(baskets, at_least=at_least, longest=longest) == wanted


def test_a_share_is_the_decimal_it_was_written_as() -> None:
    assert 0.07 * 100 > 7  # as floats, seven of a hundred would not be seven per cent
    assert least(0.07, 100) == 7
    assert [rule.confidence for rule in rules([[1, 2]] * 7 + [[1]] * 3, support=0.7, confidence=0.7)] == [
        1,
        0.7,
    ]


def test_no_basket_has_no_rule() -> None:
    assert rules([], support=0.1, confidence=0.1) == []
    assert rules([[], []], support=0.1, confidence=0.1) == []


@pytest.mark.real
@pytest.mark.skipif(not GROCERIES.exists(), reason="the groceries are not beside the project")
@pytest.mark.parametrize(
    ("support", "confidence", "count"), [(0.006, 0.25, 463), (0.001, 0.8, 410), (0.001, 0.5, 5668)]
)
def test_groceries_give_as_many_rules_as_arules_finds(support: float, confidence: float, count: int) -> None:
    with gzip.open(GROCERIES, "rt", encoding="utf-8") as file:
        names = [sorted(set(row)) for row in csv.reader(file)]
    numbers = {name: number for number, name in enumerate(sorted({name for row in names for name in row}))}
    baskets = [[numbers[name] for name in row] for row in names]
    assert len(rules(baskets, support=support, confidence=confidence)) == count
