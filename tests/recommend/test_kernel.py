"""One formula, many textbooks: each known model is a point of the kernel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from zhiyin.loop.recommend import kernel

HAVE = np.array(
    [
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 1, 1, 1, 0],
        [1, 0, 0, 1, 1, 0],
        [0, 1, 0, 0, 1, 1],
    ],
    dtype=np.float32,
)
TASTE = sparse.csr_array(HAVE)
USER, ITEM = HAVE.sum(axis=1), HAVE.sum(axis=0)


def without_diagonal(matrix: np.ndarray) -> np.ndarray:
    return matrix - np.diag(np.diag(matrix))


def whole(**exponents: float) -> np.ndarray:
    """The kernel of the example, nothing pruned."""
    return np.asarray(kernel.weights(TASTE, **exponents, k=6).toarray())  # type: ignore[arg-type]


def test_halves_of_items_alone_are_the_cosine() -> None:
    norms = np.linalg.norm(HAVE, axis=0)
    wanted = without_diagonal(HAVE.T @ HAVE / np.outer(norms, norms))
    np.testing.assert_allclose(whole(user=0, source=0.5, target=0.5), wanted, rtol=1e-6)


def test_whole_exponents_are_the_walk_of_three_steps_less_popularity() -> None:
    """RP3β: item to customer to item by transition probabilities, over the target's popularity to the β."""
    to_customers, to_items = (HAVE / ITEM).T, HAVE / USER[:, None]
    wanted = without_diagonal(to_customers @ to_items / ITEM**0.6)
    np.testing.assert_allclose(whole(user=1, source=1, target=0.6), wanted, rtol=1e-6)


def test_halves_and_a_whole_are_the_linear_graph_filter_and_with_a_power_its_fast_form() -> None:
    smooth = HAVE / np.sqrt(USER)[:, None] / np.sqrt(ITEM)
    gram = without_diagonal(smooth.T @ smooth)
    np.testing.assert_allclose(whole(user=1, source=0.5, target=0.5), gram, rtol=1e-6)
    np.testing.assert_allclose(whole(user=1, source=0.5, target=0.5, power=0.7), gram**0.7, rtol=1e-6)


def test_each_target_keeps_its_strongest_sources_and_equals_go_by_number() -> None:
    kept = kernel.weights(TASTE, user=0.5, source=0.4, target=0.3, k=2).toarray()
    full = whole(user=0.5, source=0.4, target=0.3)
    for target in range(6):
        best = sorted(range(6), key=lambda source: (-full[source, target], source))[:2]
        wanted = [source if full[source, target] > 0 else -1 for source in best]
        assert set(np.flatnonzero(kept[:, target])) == set(wanted) - {-1}


def test_only_targets_asked_for_have_weights() -> None:
    kept = kernel.weights(TASTE, user=0, source=0, target=0, k=6, targets=np.array([1, 4])).toarray()
    assert np.flatnonzero(kept.sum(axis=0)).tolist() == [1, 4]


@given(
    arrays.arrays(np.float32, (7, 5), elements=st.sampled_from([0.0, 0.0, 1.0, 2.0])),
    st.integers(1, 5),
    st.integers(1, 40),
)
def test_slabs_of_any_size_give_the_same(taste: np.ndarray, k: int, slab: int) -> None:
    have = sparse.csr_array(taste)
    at_once = kernel.weights(have, user=0.5, source=0.4, target=0.3, k=k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "_SLAB", slab)
        piecewise = kernel.weights(have, user=0.5, source=0.4, target=0.3, k=k)
    assert (at_once != piecewise).nnz == 0


def test_an_item_that_one_customer_alone_has_is_nobodys_target() -> None:
    assert kernel.shared_by_some(TASTE, np.ones(6, dtype=np.bool_)).tolist() == [0, 1, 2, 3, 4]
    assert kernel.shared_by_some(TASTE, np.arange(6) > 2).tolist() == [3, 4]
