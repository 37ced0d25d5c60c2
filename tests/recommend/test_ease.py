"""EASE against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from zhiyin.domain.errors import ZhiyinError
from zhiyin.loop.recommend.ease import Ease, linear, tail_weights
from zhiyin.testing.recommender import checkerboard, history, serve


def test_weights_are_those_of_the_closed_form() -> None:
    taste = np.random.default_rng(0).integers(0, 2, (40, 6)).astype(np.float32)
    gram = taste.T.astype(float) @ taste + 3.0 * np.eye(6)
    inverse = np.linalg.inv(gram)
    wanted = -inverse / np.diag(inverse)
    np.fill_diagonal(wanted, 0.0)
    found = linear(sparse.csr_array(taste), np.arange(6), np.ones(6, dtype=bool), l2=3.0, keep=6)
    np.testing.assert_allclose(found.toarray(), wanted, rtol=1e-4, atol=1e-6)


def test_weights_solve_the_ridge_regression_of_each_item_on_the_others() -> None:
    taste = np.random.default_rng(1).random((30, 5)).astype(np.float32)
    found = linear(sparse.csr_array(taste), np.arange(5), np.ones(5, dtype=bool), l2=2.0, keep=5).toarray()
    for target in range(5):
        others = [item for item in range(5) if item != target]
        x = taste[:, others].astype(float)
        wanted = np.linalg.solve(x.T @ x + 2.0 * np.eye(4), x.T @ taste[:, target])
        np.testing.assert_allclose(found[others, target], wanted, rtol=1e-3, atol=1e-5)


def test_only_the_strongest_weights_of_each_target_are_kept() -> None:
    taste = sparse.csr_array(np.random.default_rng(2).random((30, 8)).astype(np.float32))
    full = linear(taste, np.arange(8), np.ones(8, dtype=bool), l2=1.0, keep=8).toarray()
    kept = linear(taste, np.arange(8), np.ones(8, dtype=bool), l2=1.0, keep=3).toarray()
    assert ((kept != 0).sum(axis=0) == 3).all()
    for target in range(8):
        lowest = np.abs(kept[kept[:, target] != 0, target]).min()
        assert (np.abs(full[kept[:, target] == 0, target]) <= lowest).all()


def test_items_beyond_the_cap_are_still_recommended() -> None:
    model = serve(Ease(max_items=4), checkerboard())
    shown = model.recommend(history("i1", "i3"), 8, exclude=["i1", "i3"])
    assert {r.item_id for r in shown if r.reason == "because_bought"} >= {"i5", "i7"}


def test_rare_items_do_not_outshout_common_ones() -> None:
    rng = np.random.default_rng(3)
    shares = np.array([0.5, 0.5, 0.4, 0.4, 0.06, 0.03])
    taste = sparse.csr_array((rng.random((400, 6)) < shares).astype(np.float32))
    head, tail = np.arange(4), np.array([False] * 4 + [True] * 2)
    weights = linear(taste, head, np.ones(6, dtype=bool), l2=5.0, keep=6)
    weights = weights + tail_weights(taste, tail, weights)
    shown = np.asarray((taste @ weights).mean(axis=0)).ravel()
    taken = np.asarray(taste.mean(axis=0)).ravel()
    # each is scored as often as it is taken, less one common shrinkage
    assert shown[4] / taken[4] == pytest.approx(shown[5] / taken[5], rel=1e-3)
    assert shown[4:].max() < shown[:4].min()


def test_a_singular_matrix_is_told_with_its_cure() -> None:
    taste = sparse.csr_array(np.ones((3, 2), dtype=np.float32))
    with pytest.raises(ZhiyinError, match="larger l2"):
        linear(taste, np.arange(2), np.ones(2, dtype=bool), l2=0.0, keep=2)
