"""Vectors of items: the published formula, and the company that items keep."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from zhiyin.loop.recommend import item_vectors
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.item_vectors import ItemVectors, halves, surprise
from zhiyin.loop.recommend.log import Log
from zhiyin.testing.recommender import RecommenderContract


class TestItemVectors(RecommenderContract):
    def make(self) -> ItemVectors:
        return ItemVectors(factors=8)


@pytest.mark.parametrize(("negatives", "smoothing", "least"), [(1.0, 1.0, 1), (2.0, 0.75, 1), (1.0, 0.75, 3)])
def test_surprise_is_the_formula_counted_pair_by_pair(negatives: float, smoothing: float, least: int) -> None:
    lists = (np.random.default_rng(0).random((30, 12)) < 0.3).astype(np.float32)
    pairs = np.zeros((12, 12))
    for one in lists:
        for first in np.flatnonzero(one):
            for second in np.flatnonzero(one):
                pairs[first, second] += first != second
    met = pairs.sum(axis=1)
    share = met**smoothing / (met**smoothing).sum()
    with np.errstate(divide="ignore"):
        expected = np.log(pairs / np.outer(met, share)) - np.log(negatives)
    expected[(pairs < least) | (expected < 0)] = 0
    found = surprise(sparse.csr_array(lists), negatives=negatives, smoothing=smoothing, least=least)
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-5)


@pytest.mark.parametrize("small", [0, 400])
def test_large_and_small_matrices_are_cut_alike(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_vectors, "_SMALL", small)
    rng = np.random.default_rng(0)
    matrix = sparse.random_array((60, 60), density=0.2, rng=rng, format="csr", dtype=np.float32)
    found = halves(matrix, 5, rng)
    left, values, right = np.linalg.svd(matrix.toarray())
    expected = (left[:, :5] + right[:5].T) * np.sqrt(values[:5])
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-3)


def test_items_of_one_session_are_near_where_customers_tell_nothing() -> None:
    """Everybody takes everything; what goes together is seen in sessions only."""
    user = np.repeat(np.arange(6), 4)
    item = np.tile([0, 1, 2, 3], 6)
    session = user * 2 + item // 2
    log = Log.of(user, item, np.arange(24), session=session)
    world = Data(log, 6, Catalogue.of(["a", "b", "c", "d"]), Customers(), 24, timed=False)
    model = ItemVectors(factors=4, within="session").fit(world, np.random.default_rng(0))
    near = model.vectors_ @ model.vectors_.T
    assert near[0, 1] > 0.9 > 0.1 > near[0, 2]
    flat = ItemVectors(factors=4, within="customer").fit(world, np.random.default_rng(0))
    assert np.ptp((flat.vectors_ @ flat.vectors_.T)[0, 1:]) < 1e-3
