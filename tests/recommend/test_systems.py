"""Lists in batches, and products whose rows do not depend on one another."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.recommend.systems import batches, inner, padded


@given(st.lists(st.integers(0, 70), max_size=30), st.integers(1, 600_000))
def test_every_entry_of_every_list_is_in_one_batch_in_order(lengths: list[int], size: int) -> None:
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    found = {}
    for rows, places, held in batches(indptr, size):
        assert held.any(axis=1).all()
        for row, place, real in zip(rows.tolist(), places, held, strict=True):
            assert row not in found
            found[row] = place[real].tolist()
            assert len(place) == padded(np.array([lengths[row]]))[0]
    for row, length in enumerate(lengths):
        assert found.get(row, []) == list(range(indptr[row], indptr[row] + length))


def test_padding_adds_at_most_a_third() -> None:
    lengths = np.arange(1, 5_000)
    widths = padded(lengths)
    assert (widths >= lengths).all()
    assert (widths[lengths > 4] <= lengths[lengths > 4] * 1.5).all()
    assert np.mean(widths / lengths) < 1.35


def test_a_row_of_a_product_is_the_same_alone_and_among_others() -> None:
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((rows, 37), dtype=np.float32) for rows in (45, 203))
    whole = inner(left, right)
    np.testing.assert_allclose(whole, left @ right.T, rtol=1e-4, atol=1e-4)
    for row in range(45):
        np.testing.assert_array_equal(inner(left[row : row + 1], right)[0], whole[row])
