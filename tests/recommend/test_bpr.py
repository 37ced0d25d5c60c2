"""Ranking by pairs: its slope, and that climbing it ranks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from zhiyin.loop.recommend.bpr import Bpr, Pairs, Weights, ascent
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.log import Log
from zhiyin.testing.recommender import RecommenderContract


class TestBpr(RecommenderContract):
    def make(self) -> Bpr:
        return Bpr(factors=8)


@pytest.mark.parametrize("evening", [0.5, 1.0])
def test_the_slope_is_that_of_finite_differences(evening: float) -> None:
    rng = np.random.default_rng(0)
    weights = Weights(rng.standard_normal((6, 3)), rng.standard_normal((6, 3)), rng.standard_normal(6))
    taste = np.array([[1, 0.5, 0, 0, 0.3, 0], [0, 1, 1, 0, 0, 0], [1, 0.5, 0, 0, 0.3, 0]])
    took, other = np.array([1, 2, 0]), np.array([3, 5, 3])
    pairs = Pairs(sparse.csr_array(taste), took, taste[np.arange(3), took], other)
    _, slope = ascent(weights, pairs, evening=evening, penalty=0.2)
    for part, own in enumerate(weights):
        for place in np.ndindex(own.shape):
            gains = []
            for step in (1e-5, -1e-5):
                moved = [one.copy() for one in weights]
                moved[part][place] += step
                gains.append(ascent(Weights(*moved), pairs, evening=evening, penalty=0.2)[0])
            assert slope[part][place] == pytest.approx((gains[0] - gains[1]) / 2e-5, abs=1e-6)


def test_what_is_taken_by_the_like_minded_comes_first_and_the_same_seed_gives_the_same_bits() -> None:
    rng = np.random.default_rng(0)
    own = np.equal.outer(np.arange(60) % 2, np.arange(20) % 2)
    user, item = np.nonzero(rng.random((60, 20)) < np.where(own, 0.6, 0.05))
    catalogue = Catalogue.of([f"i{number}" for number in range(20)])
    world = Data(Log.of(user, item, np.arange(len(user))), 60, catalogue, Customers(), 10**6)
    one, two = (Bpr(factors=8, epochs=10).fit(world, np.random.default_rng(1)) for _ in range(2))
    asked = world.queries(range(60))
    scores = one.score(asked)
    np.testing.assert_array_equal(scores, two.score(asked))
    ahead = [(row[mine][:, None] > row[~mine]).mean() for row, mine in zip(scores, own, strict=True)]
    assert np.mean(ahead) > 0.95


def test_items_that_nobody_took_are_not_scored() -> None:
    world = Data(Log.of([0, 0, 1], [0, 1, 0], [1, 2, 3]), 2, Catalogue.of(["a", "b", "c"]), Customers(), 3)
    scores = Bpr(factors=2, epochs=2).fit(world, np.random.default_rng(0)).score(world.queries([0, 1]))
    assert (scores[:, 2] == -np.inf).all()
    assert np.isfinite(scores[:, :2]).all()
