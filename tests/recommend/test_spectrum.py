"""Graph filters against the eigenvalues they are made of."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.kernel import damped, weights
from zhiyin.loop.recommend.spectrum import filtered, low_pass, sharpened

HAVE = (np.random.default_rng(0).random((60, 30)) < 0.2).astype(np.float32)
TASTE = sparse.csr_array(HAVE)
SMOOTH = damped(TASTE, user=0.5, item=0.5).toarray()
FILTER = SMOOTH.T @ SMOOTH


def test_a_step_of_sharpening_is_the_runge_kutta_rule_on_the_filter() -> None:
    step, state = 2.5, FILTER.astype(np.float64)
    slope = [-state @ FILTER]
    for weight in (0.5, 0.5, 1.0):
        slope.append(-(state + weight * step * slope[-1]) @ FILTER)
    wanted = state + step / 6 * (slope[0] + 2 * slope[1] + 2 * slope[2] + slope[3])
    np.fill_diagonal(wanted, 0.0)
    found = sharpened(TASTE, user=1, source=0.5, target=0.5, step=step, k=30).toarray()
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_sharpening_changes_eigenvalues_alone() -> None:
    values, vectors = np.linalg.eigh(FILTER)
    wanted = vectors * filtered(values, 1.5) @ vectors.T
    np.fill_diagonal(wanted, 0.0)
    found = sharpened(TASTE, user=1, source=0.5, target=0.5, step=1.5, k=30).toarray()
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_no_step_is_the_kernel_to_scale() -> None:
    plain = weights(TASTE, user=0.5, source=0.4, target=0.3, k=4).toarray()
    found = sharpened(TASTE, user=0.5, source=0.4, target=0.3, step=0.0, k=4).toarray()
    assert ((found > 0) == (plain > 0)).all()
    ratio = plain[plain > 0] / found[plain > 0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)


def test_low_pass_keeps_the_directions_of_the_largest_eigenvalues() -> None:
    groups = np.kron(np.eye(3), np.ones((20, 10))).astype(np.float32)
    groups[::7, 3] = 1.0
    smooth = damped(sparse.csr_array(groups), user=0.5, item=0.5).toarray()
    vectors = np.linalg.svd(smooth)[2][:3]
    found = low_pass(sparse.csr_array(groups), 3, np.random.default_rng(1))
    np.testing.assert_allclose(found @ found.T, vectors.T @ vectors, atol=1e-5)
