"""The nominal rate: 95 % intervals hold the truth in 95 % of experiments."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy.stats import binom

from zhiyin.simulate import response
from zhiyin.stats.means import Mean, amounts
from zhiyin.stats.proportions import Proportion, difference

EXPERIMENTS = 1_500
ERROR = 3 * sqrt(0.95 * 0.05 / EXPERIMENTS)  # three standard errors of the observed rate


@pytest.mark.parametrize(("rate", "effect"), [(0.03, 0.01), (0.08, 0.0), (0.15, 0.03)])
def test_exact_coverage_of_the_lift_with_a_small_holdout(rate: float, effect: float) -> None:
    """450 against 50 people, every possible outcome weighed by its chance."""

    def likely(n: int, p: float) -> list[tuple[int, float]]:
        numbers = range(int(binom.ppf(1e-5, n, p)), int(binom.ppf(1 - 1e-5, n, p)) + 1)
        return list(zip(numbers, binom.pmf(numbers, n, p).tolist(), strict=True))

    covered = 0.0
    for held, chance in likely(50, rate):
        for bought, other in likely(450, rate + effect):
            found = difference(Proportion(bought, 450), Proportion(held, 50))
            assert found.low is not None
            assert found.high is not None
            if found.low <= effect <= found.high:
                covered += other * chance
    assert 0.945 < covered < 0.965


@pytest.mark.parametrize(
    ("n_message", "n_holdout", "rate"), [(450, 50, 0.05), (1800, 200, 0.08), (4500, 500, 0.15)]
)
def test_coverage_of_revenue_per_customer(n_message: int, n_holdout: int, rate: float) -> None:
    rng = np.random.default_rng(n_message)
    truth = 0.02 * np.exp(0.6**2 / 2)

    def spent(n: int, p: float) -> list[Mean]:
        values = (rng.random((EXPERIMENTS, n)) < p) * rng.lognormal(0, 0.6, (EXPERIMENTS, n))
        return [Mean(n, *pair) for pair in zip(values.sum(axis=1), (values**2).sum(axis=1), strict=True)]

    found = [
        amounts(message, holdout)
        for message, holdout in zip(spent(n_message, rate + 0.02), spent(n_holdout, rate), strict=True)
    ]
    share = np.mean([(one.low or 0) <= truth <= (one.high or 0) for one in found])
    assert share == pytest.approx(0.95, abs=ERROR)


def test_coverage_of_both_over_experiments_in_the_market() -> None:
    """Persuadables, sure things, lost causes and annoyed, drawn anew each time; their true effect is known."""
    rng = np.random.default_rng(7)
    lifts = revenues = 0
    for _ in range(EXPERIMENTS):
        people = response.draw(rng, 1_000)
        mailed = rng.random(1_000) >= 0.1
        spent = people.amounts(rng, mailed).astype(float)
        groups = [spent[mailed], spent[~mailed]]
        lift = difference(*(Proportion(int((group > 0).sum()), len(group)) for group in groups))
        revenue = amounts(*(Mean(len(group), group.sum(), (group**2).sum()) for group in groups))
        lifts += (lift.low or 0) <= people.effect() <= (lift.high or 0)
        revenues += (revenue.low or 0) <= people.revenue_effect() <= (revenue.high or 0)
    assert lifts / EXPERIMENTS == pytest.approx(0.95, abs=ERROR)
    assert revenues / EXPERIMENTS == pytest.approx(0.95, abs=ERROR)
