"""Power, against statsmodels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import power_proportions_2indep

from zhiyin.stats.power import needed_holdout, power, smallest_effect


@pytest.mark.parametrize(
    ("n_message", "n_holdout", "rate", "effect"),
    [(9000, 1000, 0.05, 0.02), (450, 50, 0.03, 0.05), (22374, 2486, 0.0559, 0.0125), (100, 100, 0.5, -0.1)],
)
def test_power_agrees_with_statsmodels_to_five_decimals(
    n_message: int, n_holdout: int, rate: float, effect: float
) -> None:
    theirs = power_proportions_2indep(effect, rate, n_message, ratio=n_holdout / n_message).power
    assert power(n_message, n_holdout, rate, effect) == pytest.approx(theirs, abs=1e-5)


@given(st.integers(200, 50_000), st.integers(100, 20_000), st.floats(0.01, 0.5))
def test_the_smallest_effect_has_the_wanted_power(n_message: int, n_holdout: int, rate: float) -> None:
    effect = smallest_effect(n_message, n_holdout, rate)
    assert effect is not None
    assert power(n_message, n_holdout, rate, effect) == pytest.approx(0.8, abs=1e-6)


@given(st.integers(200, 20_000), st.floats(0.01, 0.5))
def test_a_larger_holdout_shows_smaller_effects(n: int, rate: float) -> None:
    few, many = smallest_effect(n, 100, rate), smallest_effect(n, 200, rate)
    assert few is not None
    assert many is not None
    assert many < few


def test_the_needed_holdout_is_the_smallest_that_will_do() -> None:
    share = needed_holdout(10_000, 0.05, 0.02)
    assert share is not None
    held = round(share * 10_000)
    assert power(10_000 - held, held, 0.05, 0.02) >= 0.8
    assert power(10_001 - held, held - 1, 0.05, 0.02) < 0.8


def test_what_cannot_be_shown_is_none() -> None:
    assert smallest_effect(0, 10, 0.1) is None
    assert smallest_effect(100, 10, 0.0) is None
    assert smallest_effect(2, 1, 0.5) is None
    assert needed_holdout(100, 0.05, 0.001) is None
    assert needed_holdout(1, 0.05, 0.5) is None
