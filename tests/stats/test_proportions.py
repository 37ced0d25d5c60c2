"""Differences of proportions: published figures, and what must hold for all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from zhiyin.stats.proportions import Proportion, difference, wilson

# Newcombe (1998), "Interval estimation for the difference between independent proportions", table II,
# method 10.
NEWCOMBE = [
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.0582, 0.8062),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((0, 10), (0, 10), -0.2775, 0.2775),
    ((10, 10), (0, 20), 0.6791, 1.0),
    ((10, 10), (0, 10), 0.6075, 1.0),
]


@st.composite
def proportions(draw: st.DrawFn, least: int = 1) -> Proportion:
    n = draw(st.integers(least, 5_000))
    return Proportion(draw(st.integers(0, n)), n)


@pytest.mark.parametrize(("first", "second", "low", "high"), NEWCOMBE)
def test_published_intervals(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    found = difference(Proportion(*first), Proportion(*second))
    assert found.low == pytest.approx(low, abs=6e-5)
    assert found.high == pytest.approx(high, abs=6e-5)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_agrees_with_statsmodels_to_five_decimals(level: float) -> None:
    found = difference(Proportion(1530, 22374), Proportion(139, 2486), level)
    low, high = confint_proportions_2indep(1530, 22374, 139, 2486, method="newcomb", alpha=1 - level)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))
    one = wilson(Proportion(139, 2486), level)
    low, high = proportion_confint(139, 2486, 1 - level, method="wilson")
    assert (one.low, one.high) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))


@given(proportions(), proportions())
def test_the_interval_contains_the_value(first: Proportion, second: Proportion) -> None:
    found = difference(first, second)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert -1 - 1e-9 <= found.low <= found.value <= found.high <= 1 + 1e-9


@given(proportions(), proportions())
def test_swapping_the_groups_turns_the_sign(first: Proportion, second: Proportion) -> None:
    one, other = difference(first, second), difference(second, first)
    assert one.low == pytest.approx(-(other.high or 0), abs=1e-9)
    assert one.probability_positive == pytest.approx(1 - (other.probability_positive or 0), abs=1e-6)


@given(proportions(), proportions())
def test_the_interval_excludes_zero_exactly_where_the_probability_says_so(
    first: Proportion, second: Proportion
) -> None:
    found = difference(first, second)
    assert found.low is not None
    assert found.high is not None
    assert found.probability_positive is not None
    if min(abs(found.low), abs(found.high)) > 1e-6:
        excludes = found.low > 0 or found.high < 0
        assert excludes == (found.probability_positive > 0.975 or found.probability_positive < 0.025)


@given(proportions(), proportions())
def test_a_higher_level_gives_a_wider_interval(first: Proportion, second: Proportion) -> None:
    narrow, wide = difference(first, second, 0.9), difference(first, second, 0.99)
    assert narrow.low is not None
    assert wide.low is not None
    assert wide.low <= narrow.low


@given(st.integers(1, 400), st.integers(2, 9))
def test_more_of_the_same_people_give_a_narrower_interval(successes: int, times: int) -> None:
    few, many = (
        difference(Proportion(successes, 1000), Proportion(20, 400)),
        difference(Proportion(successes * times, 1000 * times), Proportion(20 * times, 400 * times)),
    )
    assert few.high is not None
    assert few.low is not None
    assert many.high is not None
    assert many.low is not None
    assert many.high - many.low < few.high - few.low


@given(proportions(0), proportions(0), proportions(0))
def test_counts_add_up(a: Proportion, b: Proportion, c: Proportion) -> None:
    assert (a + b) + c == a + (b + c)
    assert (a + b).n == a.n + b.n


def test_nobody_gives_a_note_and_no_figures() -> None:
    found = difference(Proportion(0, 0), Proportion(3, 10))
    assert (found.value, found.low, found.high, found.note) == (None, None, None, "too_few")
    assert wilson(Proportion(0, 0)).note == "too_few"
