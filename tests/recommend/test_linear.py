"""Scores of linear recommenders: the sums of a matrix product, and silence where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from zhiyin.loop.recommend import linear


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    questions=st.integers(0, 9),
    filled=st.sampled_from([0.0, 0.2, 1.0]),
    cells=st.sampled_from([1, 7, 60, 1 << 18]),
)
def test_sums_are_those_of_the_product_bit_by_bit(
    seed: int, questions: int, filled: float, cells: int
) -> None:
    rng = np.random.default_rng(seed)
    have = (rng.random((questions, 12)) * (rng.random((questions, 12)) < filled)).astype(np.float32)
    says = (rng.standard_normal((12, 20)) * (rng.random((12, 20)) < 0.4)).astype(np.float32)
    history, weights = sparse.csr_array(have), sparse.csr_array(says)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "_CELLS", cells)
        found = linear.summed(history, weights)
    np.testing.assert_array_equal(found, (history @ weights).toarray())
    assert found.dtype == np.float32


def test_nothing_or_less_is_silence_and_the_rest_stays_as_it_is() -> None:
    sums = np.array([[0.0, -0.0, 1e-45, 3.4e38], [-1.0, 0.1, -1e-45, 1.0]], dtype=np.float32)
    wanted = [[-np.inf, -np.inf, sums[0, 2], sums[0, 3]], [-np.inf, sums[1, 1], -np.inf, 1.0]]
    np.testing.assert_array_equal(linear.spoken(sums.copy()), wanted)
