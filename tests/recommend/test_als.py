"""Implicit alternating least squares: its objective, its solutions, its fold-in."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from zhiyin.loop.recommend.als import Als, solved, turned
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.log import Log
from zhiyin.testing.recommender import RecommenderContract


class TestAls(RecommenderContract):
    def make(self) -> Als:
        return Als()


def data(users: int = 40, items: int = 30, seed: int = 0) -> Data:
    """Customers with histories of very different lengths; some items nobody takes."""
    rng = np.random.default_rng(seed)
    chosen = rng.random((users, items)) < rng.random((users, 1)) * 0.8
    chosen[:, -2:] = False
    user, item = np.nonzero(chosen)
    kind = rng.integers(0, 3, len(user))
    catalogue = Catalogue.of([f"i{number}" for number in range(items)])
    log = Log.of(user, item, rng.integers(0, 10**12, len(user)), kind=kind)
    return Data(log, users, catalogue, Customers(), 10**12)


def objective(model: Als, taste: np.ndarray, users: np.ndarray, items: np.ndarray) -> float:
    """As it stands in the paper, over every cell."""
    foretold = users.astype(np.float64) @ items.T.astype(np.float64)
    rows, columns = taste.any(axis=1), taste.any(axis=0)
    total = (taste * (1 - foretold) ** 2).sum() + model.unobserved * (foretold**2).sum()
    for side, held, many in (
        (users, taste.sum(axis=1), columns.sum()),
        (items, taste.sum(axis=0), rows.sum()),
    ):
        weight = (held + model.unobserved * many) ** model.spread
        total += model.penalty * (weight * (side.astype(np.float64) ** 2).sum(axis=1)).sum()
    return float(total)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_the_objective_falls_with_every_half_step_as_far_as_it_can(spread: float) -> None:
    model, world = Als(factors=6, spread=spread, penalty=0.05), data()
    taste = world.matrix()
    dense, takers = taste.toarray(), sparse.csr_array(taste.T)
    many = dense.any(axis=0).sum(), dense.any(axis=1).sum()
    rng = np.random.default_rng(1)
    sides = [rng.standard_normal((size, 6), dtype=np.float32) for size in dense.shape]
    sides[1] *= dense.any(axis=0)[:, None]
    last = objective(model, dense, *sides)
    for _ in range(3):
        for own, rows in enumerate((taste, takers)):
            sides[own] = model.half_step(rows, sides[1 - own], many[own])
            last, before = objective(model, dense, *sides), last
            assert last < before
            for _ in range(5):
                moved = list(sides)
                moved[own] = sides[own] + 1e-2 * rng.standard_normal(sides[own].shape)
                assert objective(model, dense, *moved) > last


def test_each_row_solves_its_own_equations_whether_long_or_short() -> None:
    taste = data(60, 50).matrix()
    rng = np.random.default_rng(2)
    others = rng.standard_normal((50, 12), dtype=np.float32)
    penalties = rng.random(60) + 0.1
    gram, vectors, basis = turned(others, 0.3)
    found = solved(taste, vectors, gram, penalties) @ basis.T
    lengths = np.diff(taste.indptr)
    assert (lengths < 12).any()
    assert (lengths > 12).any()
    for row in range(60):
        weights = taste[[row]].toarray().ravel()
        system = (
            0.3 * others.T @ others + others.T @ (others * weights[:, None]) + penalties[row] * np.eye(12)
        )
        np.testing.assert_allclose(found[row], np.linalg.solve(system, others.T @ weights), atol=2e-4)


def test_the_vector_of_a_history_is_that_of_the_same_row_in_training() -> None:
    world = data()
    model = Als(factors=6, half_life=np.inf, taste_days=np.inf).fit(world, np.random.default_rng(0))
    trained = model.half_step(world.matrix(), model.vectors_, model.others_)
    asked = world.queries(range(world.users))
    np.testing.assert_allclose(model.tastes(asked), trained, atol=1e-4)


def test_items_that_nobody_took_are_not_scored_and_the_same_seed_gives_the_same_bits() -> None:
    world = data()
    one, two = (Als(factors=6).fit(world, np.random.default_rng(3)) for _ in range(2))
    asked = world.queries(range(world.users))
    scores = one.score(asked)
    assert (scores[:, -2:] == -np.inf).all()
    np.testing.assert_array_equal(scores, two.score(asked))
    assert not np.array_equal(scores, Als(factors=6).fit(world, np.random.default_rng(4)).score(asked))
