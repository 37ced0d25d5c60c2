"""Sparse EASE and SLIM against what they are defined by."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import nnls

from zhiyin.loop.recommend.slim import lasso
from zhiyin.loop.recommend.sparse_ease import blended, nearest, ridge
from zhiyin.loop.recommend.supports import regressed

SIZE = 12
HAVE = (np.random.default_rng(0).random((80, SIZE)) < 0.4).astype(np.float32)
TASTE = sparse.csr_array(HAVE)
GRAM = HAVE.T.astype(np.float64) @ HAVE
ALL = sparse.csr_array(1.0 - np.eye(SIZE))


def test_with_all_items_as_sources_it_is_ease() -> None:
    inverse = np.linalg.inv(GRAM + 3.0 * np.eye(SIZE))
    wanted = -inverse / np.diag(inverse)
    np.fill_diagonal(wanted, 0.0)
    found = regressed(TASTE, ALL, lambda batch: ridge(batch, l2=np.full(SIZE, 3.0)))
    np.testing.assert_allclose(found.toarray(), wanted, rtol=1e-4, atol=1e-5)


def test_dropout_weighs_the_diagonal() -> None:
    penalty = np.diag(0.25 / 0.75 * np.diag(GRAM) + 2.0)
    inverse = np.linalg.inv(GRAM + penalty)
    wanted = -inverse / np.diag(inverse)
    np.fill_diagonal(wanted, 0.0)
    found = regressed(TASTE, ALL, lambda batch: ridge(batch, l2=np.full(SIZE, 2.0), dropout=0.25))
    np.testing.assert_allclose(found.toarray(), wanted, rtol=1e-4, atol=1e-5)


def test_with_few_sources_each_target_is_a_regression_on_those() -> None:
    near = nearest(TASTE, m=4, targets=np.arange(SIZE))
    found = regressed(TASTE, near, lambda batch: ridge(batch, l2=np.full(SIZE, 1.0))).toarray()
    for target in range(SIZE):
        own = near.indices[near.indptr[target] : near.indptr[target + 1]]
        assert len(own) == 4
        assert target not in own
        wanted = np.linalg.solve(GRAM[np.ix_(own, own)] + np.eye(4), GRAM[own, target])
        np.testing.assert_allclose(found[own, target], wanted, rtol=1e-4, atol=1e-6)
        assert np.count_nonzero(found[:, target]) == 4


def test_slim_solves_its_problem() -> None:
    """½wᵀGw − wᵀ(g − l1) + ½l2|w|² with w ≥ 0 is non-negative least squares in the root of G."""
    found = regressed(TASTE, ALL, lambda batch: lasso(batch, l1=1.5, l2=2.0, steps=500)).toarray()
    assert found.min() == 0.0
    for target in range(SIZE):
        others = np.delete(np.arange(SIZE), target)
        root = np.linalg.cholesky(GRAM[np.ix_(others, others)] + 2.0 * np.eye(SIZE - 1))
        wanted, _ = nnls(root.T, np.linalg.solve(root, GRAM[others, target] - 1.5))
        np.testing.assert_allclose(found[others, target], wanted, atol=1e-4)


def test_batches_with_supports_of_different_sizes_are_solved_each_alone() -> None:
    ragged = sparse.csr_array(np.tril(1.0 - np.eye(SIZE)))
    found = regressed(TASTE, ragged, lambda batch: ridge(batch, l2=np.full(SIZE, 1.0))).toarray()
    assert not found[:, 0].any()
    np.testing.assert_allclose(found[0, 1], GRAM[0, 1] / (GRAM[0, 0] + 1.0), rtol=1e-5)
    wanted = np.linalg.solve(GRAM[:5, :5] + np.eye(5), GRAM[:5, 5])
    np.testing.assert_allclose(found[:5, 5], wanted, rtol=1e-4, atol=1e-6)


def test_a_walk_is_added_at_its_share_of_the_weight() -> None:
    near = sparse.csr_array(nearest(TASTE, m=4, targets=np.arange(SIZE)).T)
    plain = regressed(TASTE, ALL, lambda batch: ridge(batch, l2=np.full(SIZE, 3.0)))
    added = (blended(plain, near, 0.3) - plain).toarray()
    assert ((added > 0) == (near.toarray() > 0)).all()
    np.testing.assert_allclose(added.sum(), 0.3 * abs(plain).sum(), rtol=1e-4)
