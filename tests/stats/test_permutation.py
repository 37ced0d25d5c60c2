"""The sign-flip test agrees with counting all flips, and errs as seldom as it says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from zhiyin.stats.permutation import sign_flips


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_it_agrees_with_all_flips_counted() -> None:
    data = np.array([3.0, -1.0, 2.0, 4.0, -0.5, 1.0, 2.5, 0.5])
    sums = [abs(np.dot(signs, data)) for signs in product((1, -1), repeat=len(data))]
    exact = np.mean([total >= abs(data.sum()) for total in sums])
    (p,) = sign_flips(data[:, None], rng(), flips=40_000)
    assert p == pytest.approx(exact, abs=0.006)


def test_where_nothing_differs_it_rejects_one_time_in_twenty() -> None:
    draws = rng(1)
    p_values = np.array(sign_flips(draws.normal(size=(60, 1000)), draws, flips=999))
    assert 0.03 < (p_values < 0.05).mean() < 0.07


def test_columns_are_judged_apart() -> None:
    shifted = rng(2).normal(size=200)
    p = sign_flips(np.column_stack([shifted + 1.0, shifted - shifted.mean()]), rng())
    assert p[0] < 0.001
    assert p[1] > 0.5


def test_equal_models_and_no_questions_give_one() -> None:
    assert sign_flips(np.zeros((5, 2)), rng()) == [1.0, 1.0]
    assert sign_flips(np.zeros((0, 1)), rng()) == [1.0]
    with pytest.raises(ValueError, match="one row for each unit"):
        sign_flips([1.0, 2.0], rng())  # type: ignore[list-item]
