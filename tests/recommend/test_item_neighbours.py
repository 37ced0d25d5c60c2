"""Shrunk cosine, pruned by target."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.item_neighbours import neighbours

ALL = np.ones(5, dtype=bool)
TASTE = np.random.default_rng(0).integers(0, 2, (50, 5)).astype(np.float32)


def test_without_shrinkage_it_is_the_cosine() -> None:
    norms = np.linalg.norm(TASTE, axis=0)
    wanted = (TASTE.T @ TASTE) / np.outer(norms, norms)
    np.fill_diagonal(wanted, 0.0)
    found = neighbours(sparse.csr_array(TASTE), ALL, k=5, shrinkage=0.0).toarray()
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_shrinkage_distrusts_pairs_seen_by_few() -> None:
    few_and_many = np.zeros((20, 4), dtype=np.float32)
    few_and_many[:2, :2] = 1.0  # two customers, always together
    few_and_many[2:, 2:] = 1.0  # eighteen customers, always together
    found = neighbours(sparse.csr_array(few_and_many), np.ones(4, dtype=bool), k=4, shrinkage=10.0)
    assert found[0, 1] == np.float32(2 / 12)
    assert found[2, 3] == np.float32(18 / 28)


def test_each_target_keeps_k_sources() -> None:
    found = neighbours(sparse.csr_array(TASTE), ALL, k=2, shrinkage=1.0).toarray()
    assert ((found != 0).sum(axis=0) == 2).all()


def test_targets_that_may_not_be_shown_have_no_weights() -> None:
    available = np.array([True, False, True, True, True])
    found = neighbours(sparse.csr_array(TASTE), available, k=5, shrinkage=1.0).toarray()
    assert (found[:, 1] == 0).all()
    assert (found[1] != 0).any()
