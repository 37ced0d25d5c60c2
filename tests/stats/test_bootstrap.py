"""The bootstrap agrees with what theory says of a mean."""

from __future__ import annotations

import numpy as np
import pytest

from zhiyin.stats import bootstrap


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_interval_of_a_mean_is_that_of_the_normal_approximation() -> None:
    values = rng(1).normal(3.0, 2.0, 2000)
    found = bootstrap.mean(values, rng(), resamples=4000)
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.01)
    assert found.high == pytest.approx(values.mean() + half, abs=0.01)
    assert found.positive == 1.0


def test_interval_covers_the_truth_at_its_level() -> None:
    draws = rng(2)
    covered = 0
    for _ in range(400):
        found = bootstrap.mean(draws.normal(0.0, 1.0, 80), draws, resamples=400)
        covered += found.low is not None and found.high is not None and found.low <= 0 <= found.high
    assert 0.91 <= covered / 400 <= 0.98


def test_pairs_stay_together() -> None:
    base = rng(3).normal(0, 100, 200)
    found = bootstrap.paired_difference(base + 1.0, base, rng())
    assert found.low == pytest.approx(1.0)
    assert found.high == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = rng(4).random(50)
    assert bootstrap.mean(values, rng(5)) == bootstrap.mean(values, rng(5))


@pytest.mark.parametrize(("values", "value"), [([], None), ([2.0], 2.0)])
def test_too_few_values_have_no_interval(values: list[float], value: float | None) -> None:
    found = bootstrap.mean(values, rng())
    assert (found.value, found.low, found.high) == (value, None, None)


def test_values_of_different_length_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="every unit"):
        bootstrap.paired_difference([1.0], [1.0, 2.0], rng())


def test_ratios_of_ones_are_means() -> None:
    values = rng(6).normal(3.0, 2.0, 500)
    found = bootstrap.ratios(values[:, None], np.ones((500, 1)), rng(), resamples=4000).estimate(0)
    plain = bootstrap.mean(values, rng(), resamples=4000)
    assert found.value == pytest.approx(plain.value)
    assert found.low == pytest.approx(plain.low, abs=0.02)
    assert found.high == pytest.approx(plain.high, abs=0.02)


def test_a_difference_of_columns_is_paired() -> None:
    base = rng(7).normal(0, 100, 200)
    draws = bootstrap.ratios(np.column_stack([base + 1.0, base]), np.ones((200, 2)), rng())
    found = draws.estimate(0, less=1)
    assert found.low == pytest.approx(1.0)
    assert found.high == pytest.approx(1.0)


def test_units_that_ask_several_questions_are_drawn_whole() -> None:
    # ten sessions of 50 equal answers each are ten answers, not five hundred
    answers = rng(8).random(10) < 0.5
    found = bootstrap.ratios(answers[:, None] * 50.0, np.full((10, 1), 50.0), rng()).estimate(0)
    assert found.value == pytest.approx(answers.mean())
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.4


def test_a_column_without_units_has_no_value() -> None:
    draws = bootstrap.ratios(np.zeros((3, 2)), np.array([[0.0, 1.0]] * 3), rng())
    assert draws.estimate(0).value is None
    assert draws.estimate(1).value == 0.0
    with pytest.raises(ValueError, match="same columns"):
        bootstrap.ratios([[1.0]], [[1.0, 1.0]], rng())
