"""Rating models: what was planted is found, and a question is answered from its own ratings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zhiyin.loop.recommend import biased, gibbs
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.log import KINDS, Log
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.rated import Ratings, rated
from zhiyin.loop.recommend.svd import Svd
from zhiyin.loop.recommend.systems import batches
from zhiyin.testing.recommender import RecommenderContract

RATED = KINDS.index("rated")


class TestSvdWithoutRatings(RecommenderContract):
    """Purchases are no ratings: of them it says nothing, and breaks nothing."""

    personal = False

    def make(self) -> Svd:
        return Svd(factors=2, sweeps=6, keep=2)


def planted(noise: float, share: float = 0.5, seed: int = 0) -> tuple[Data, np.ndarray, np.ndarray]:
    """Ratings of rank two around 3, what they would be without noise, and which of them are known."""
    rng = np.random.default_rng(seed)
    users, items = rng.standard_normal((80, 2)), rng.standard_normal((60, 2))
    truth = 3 + users @ items.T
    known = rng.random(truth.shape) < share
    known[:, -1] = False  # an item that nobody rated
    user, item = np.nonzero(known)
    values = truth[known] + noise * rng.standard_normal(len(user))
    return data(user, item, values, 80, 60), truth, known


def data(user, item, values, users, items, at=None) -> Data:
    log = Log.of(user, item, np.arange(len(user)) if at is None else at, kind=RATED, rating=values)
    return Data(log, users, Catalogue.of([str(number) for number in range(items)]), Customers(), 10**9)


def all_rates(model: Svd, world: Data) -> np.ndarray:
    return np.column_stack(
        [
            model.rate(world.queries(range(world.users)), np.full(world.users, item, dtype=np.int32))
            for item in range(world.items)
        ]
    )


@pytest.mark.parametrize("method", ["gibbs", "als"])
def test_a_planted_matrix_of_rank_two_is_recovered(method: str) -> None:
    world, truth, known = planted(noise=0.2)
    model = Svd(factors=3, sweeps=40, keep=8, method=method, penalty=0.005).fit(
        world, np.random.default_rng(0)
    )
    asked = ~known
    asked[:, -1] = False
    # within the scale of what was rated, which is what is foretold
    error = (all_rates(model, world) - np.clip(truth, *model.scale_[1:]))[asked]
    assert np.sqrt((error**2).mean()) < 0.2 < 1 < truth[asked].std()


def test_the_noise_and_the_spread_of_the_factors_are_learned() -> None:
    world = planted(noise=0.5, share=0.7)[0]
    by_user, by_item = (side._replace(values=side.values - 3) for side in rated(world))
    found = gibbs.draws(by_user, by_item, factors=2, sweeps=60, keep=20, rng=np.random.default_rng(0))
    assert np.mean([draw.noise**-0.5 for draw in found]) == pytest.approx(0.5, abs=0.05)
    assert len(found) == 20


def test_draws_of_wishart_have_its_mean() -> None:
    scale = np.array([[2.0, 0.6], [0.6, 0.5]])
    rng = np.random.default_rng(0)
    mean = np.mean([gibbs.wishart(scale, 7.0, rng) for _ in range(4_000)], axis=0)
    np.testing.assert_allclose(mean, 7 * scale, rtol=0.05)


def test_draws_of_vectors_have_the_mean_and_covariance_of_the_formula() -> None:
    rng = np.random.default_rng(0)
    others = rng.standard_normal((5, 2))
    ratings = Ratings(np.array([0, 5]), np.arange(5, dtype=np.int32), rng.standard_normal(5))
    prior = gibbs.Prior(np.array([0.5, -1.0]), np.array([[2.0, 0.3], [0.3, 1.0]]))
    parts = list(batches(ratings.indptr, 2))
    drawn = np.array([gibbs.vectors(ratings, others, parts, prior, 1.7, rng)[0] for _ in range(4_000)])
    precision = prior.precision + 1.7 * others.T @ others
    mean = np.linalg.solve(precision, prior.precision @ prior.mean + 1.7 * others.T @ ratings.values)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), np.linalg.inv(precision), atol=0.02)


def test_the_objective_of_alternating_least_squares_falls_with_every_half_step() -> None:
    by_user, by_item = (side._replace(values=side.values - 3) for side in rated(planted(noise=0.5)[0]))
    rng = np.random.default_rng(0)
    sides = [biased.Side(rng.standard_normal(n), rng.standard_normal((n, 3))) for n in (80, 60)]
    of = [list(batches(side.indptr, 4)) for side in (by_user, by_item)]
    last = biased.objective(by_user, sides[0], sides[1], 0.1)
    for _ in range(4):
        for own, ratings in enumerate((by_user, by_item)):
            sides[own] = biased.half_step(ratings, sides[1 - own], of[own], 0.1)
            then, last = last, biased.objective(by_user, sides[0], sides[1], 0.1)
            assert last < then


def test_a_question_with_the_ratings_of_a_training_row_has_its_vector() -> None:
    world = planted(noise=0.5)[0]
    model = Svd(factors=3, sweeps=15, method="als").fit(world, np.random.default_rng(0))
    by_user, _ = rated(world)
    by_user = by_user._replace(values=by_user.values - model.scale_[0])
    items = biased.Side(model.beside_, model.vectors_[:, 1:].astype(np.float64))
    trained = biased.half_step(by_user, items, list(batches(by_user.indptr, 4)), model.penalty)
    tastes = model.tastes(world.queries(range(world.users)))
    np.testing.assert_allclose(tastes, np.column_stack([trained.bias, trained.vectors]), atol=1e-5)


def test_without_factors_there_are_biases_alone() -> None:
    world = data([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], [5.0, 3.0, 4.0, 2.0, 3.0], 3, 2)
    model = Svd(factors=0, sweeps=200, method="als", penalty=1e-6).fit(world, np.random.default_rng(0))
    # item 1 is rated 2 below item 0 by everybody
    assert model.rate(world.queries([2]), np.array([1]))[0] == pytest.approx(2.0, abs=0.1)


def test_the_latest_rating_of_an_item_counts_and_events_without_one_do_not() -> None:
    values = np.array([1.0, 4.0, np.nan, 2.0])
    by_user, by_item = rated(data([0, 0, 0, 1], [3, 3, 3, 3], values, 2, 5, at=[1, 2, 3, 4]))
    assert by_user.values.tolist() == [4.0, 2.0]
    assert by_item.indptr.tolist() == [0, 0, 0, 0, 2, 2]
    assert by_item.others.tolist() == [0, 1]


@pytest.mark.parametrize("method", ["gibbs", "als"])
def test_saving_keeps_the_bits_and_a_question_is_answered_alone_as_among_others(method: str) -> None:
    world = planted(noise=0.5)[0]
    one, two = (
        Svd(factors=3, sweeps=9, keep=3, method=method).fit(world, np.random.default_rng(5)) for _ in range(2)
    )
    again = Svd.from_arrays(one.to_arrays())
    asked, items = world.queries(range(20)), np.arange(20, dtype=np.int32)
    scores = one.score(asked)
    for other in (two, again):
        np.testing.assert_array_equal(other.score(asked), scores)
        np.testing.assert_array_equal(other.rate(asked, items), one.rate(asked, items))
    for row in range(20):
        alone = asked.block(row, row + 1)
        np.testing.assert_array_equal(one.score(alone)[0], scores[row])
        assert one.rate(alone, items[row : row + 1])[0] == one.rate(asked, items)[row]


@pytest.mark.parametrize("method", ["gibbs", "als"])
def test_scores_are_ratings_and_causes_are_what_moved_them(method: str) -> None:
    world = planted(noise=0.5)[0]
    model = Svd(factors=3, sweeps=9, keep=3, method=method).fit(world, np.random.default_rng(0))
    asked = world.queries([4])
    scores = model.score(asked)[0]
    assert scores[-1] == -np.inf  # nobody rated it
    # had every rating been as expected, none would have moved anything
    expected = (model.scale_[0] + model.beside_[asked.item]).astype(np.float32)
    unmoved = model.tastes(replace(asked, rating=expected))[0]
    moved = model.shares(asked, 0).vectors.sum(axis=0)
    np.testing.assert_allclose(model.tastes(asked)[0] - unmoved, moved, atol=1e-3)
    items = np.arange(59, dtype=np.int32)
    for item, causes in zip(items, model.explain(asked, 0, items), strict=True):
        assert all(part > 0 for _, part in causes)
        rating = np.clip(scores[item], *model.scale_[1:])
        assert model.rate(asked, np.array([item]))[0] == pytest.approx(rating, abs=1e-4)


def test_whoever_rated_nothing_rates_as_an_average_customer_and_is_recommended_nothing() -> None:
    world = planted(noise=0.5)[0]
    for method in ("gibbs", "als"):
        model = Svd(factors=3, sweeps=9, keep=3, method=method).fit(world, np.random.default_rng(0))
        unknown = Queries.of([0, 0], [], rating=[])
        assert (model.score(unknown) == -np.inf).all()
        assert abs(model.rate(unknown, np.array([0]))[0] - 3) < 1.5


def test_negative_ratings_are_ratings_and_one_rating_is_enough() -> None:
    world = data([0], [1], [-4.0], 2, 3)
    for method in ("gibbs", "als"):
        model = Svd(factors=2, sweeps=6, keep=2, method=method).fit(world, np.random.default_rng(0))
        assert model.rate(world.queries([0, 1]), np.array([1, 2])).tolist() == [-4.0, -4.0]
