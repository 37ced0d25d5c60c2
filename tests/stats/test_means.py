"""Differences of means, against scipy and against the proportions they become."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from zhiyin.stats.means import Mean, amounts, chance_above, welch
from zhiyin.stats.proportions import Proportion, difference

VALUES = st.lists(st.integers(0, 50_000).map(float), min_size=2, max_size=60)


def test_welch_agrees_with_scipy_to_five_decimals() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(5, 2, 40), rng.normal(4, 5, 13)
    found = welch(Mean.of(first.tolist()), Mean.of(second.tolist()))
    theirs = stats.ttest_ind(first, second, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    assert found.low == pytest.approx(interval.low, abs=1e-5)
    assert found.high == pytest.approx(interval.high, abs=1e-5)
    above = stats.ttest_ind(first, second, equal_var=False, alternative="greater").pvalue
    assert found.probability_positive == pytest.approx(1 - above, abs=1e-5)


@given(st.integers(1, 80), st.integers(0, 30))
def test_amounts_of_one_are_proportions(bought: int, held_bought: int) -> None:
    as_amounts = amounts(Mean(90, bought, bought), Mean(40, held_bought, held_bought))
    as_counts = difference(Proportion(bought, 90), Proportion(held_bought, 40))
    assert as_amounts.low == pytest.approx(as_counts.low)
    assert as_amounts.high == pytest.approx(as_counts.high)
    assert as_amounts.probability_positive == pytest.approx(as_counts.probability_positive)


@given(VALUES, VALUES)
def test_the_interval_contains_the_value(first: list[float], second: list[float]) -> None:
    found = amounts(Mean.of(first), Mean.of(second))
    if not found.note:
        assert found.low is not None
        assert found.value is not None
        assert found.high is not None
        assert found.low <= found.value <= found.high


@given(VALUES, VALUES)
def test_swapping_the_groups_turns_the_sign(first: list[float], second: list[float]) -> None:
    one, other = amounts(Mean.of(first), Mean.of(second)), amounts(Mean.of(second), Mean.of(first))
    if not one.note:
        assert one.low == pytest.approx(-(other.high or 0), abs=1e-6)


@given(VALUES, VALUES, st.sampled_from([0.01, 7.0, 100.0]))
def test_the_unit_of_money_does_not_matter(first: list[float], second: list[float], unit: float) -> None:
    one = amounts(Mean.of(first), Mean.of(second))
    other = amounts(Mean.of([unit * x for x in first]), Mean.of([unit * x for x in second]))
    assert one.note == other.note
    if not one.note:
        assert other.low == pytest.approx(unit * (one.low or 0), rel=1e-6, abs=1e-6)
        assert other.probability_positive == pytest.approx(one.probability_positive, abs=1e-6)


@given(VALUES, VALUES)
def test_statistics_add_up(first: list[float], second: list[float]) -> None:
    assert Mean.of(first) + Mean.of(second) == Mean.of(first + second)
    assert Mean.of(first).variance == pytest.approx(np.var(first, ddof=1), abs=1e-3)


def test_large_groups_agree_with_welch() -> None:
    rng = np.random.default_rng(2)
    bought = [(rng.random(n) < p) * rng.lognormal(4, 0.5, n) for n, p in ((90_000, 0.08), (90_000, 0.07))]
    first, second = (Mean.of(values.tolist()) for values in bought)
    ours, theirs = amounts(first, second), welch(first, second)
    assert ours.low == pytest.approx(theirs.low, rel=0.02)
    assert ours.high == pytest.approx(theirs.high, rel=0.02)


def test_a_holdout_without_a_buyer_still_has_an_interval() -> None:
    found = amounts(Mean(450, 40 * 100.0, 40 * 10_000.0), Mean(50, 0.0, 0.0))
    assert found.low is not None
    assert found.high is not None
    assert found.low < 4000 / 450 < found.high


def test_refunds_that_outweigh_orders_fall_back_to_welch() -> None:
    first, second = Mean.of([0.0, 10.0, -30.0, 5.0]), Mean.of([0.0, 8.0, 3.0])
    assert amounts(first, second) == welch(first, second)
    assert amounts(first, second, z=3.0).low < welch(first, second).low  # type: ignore[operator]


def test_degenerate_data_give_a_note() -> None:
    assert amounts(Mean(0, 0, 0), Mean(5, 1, 1)).note == "too_few"
    assert amounts(Mean(9, 0, 0), Mean(5, 0, 0)).note == "too_few"
    assert welch(Mean(1, 2, 4), Mean(5, 1, 1)).note == "too_few"


def test_chance_above_a_bar_falls_as_the_bar_rises() -> None:
    first, second = Mean(900, 9_000.0, 900_000.0), Mean(100, 500.0, 40_000.0)
    chances = [chance_above(first, second, bar) for bar in (-20.0, 0.0, 5.0, 20.0)]
    assert chances == sorted(chances, reverse=True)  # type: ignore[type-var]
    assert chances[1] == pytest.approx(amounts(first, second).probability_positive)
    assert chances[2] == pytest.approx(0.5)
