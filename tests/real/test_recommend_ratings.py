"""Ratings of MovieLens 100K, one official fold: the figures of the bench, in short."""

from __future__ import annotations

import pytest
from bench import _movielens, rec_ratings

from zhiyin.loop.recommend.log import Log

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not _movielens.DATA.is_dir(), reason="MovieLens 100K is not beside the project"),
]


@pytest.fixture(scope="module")
def log() -> Log:
    return _movielens.ratings()


def test_the_official_parts_are_whole_and_apart(log: Log) -> None:
    tests = _movielens.in_test(log)
    assert [int(test.sum()) for test in tests] == [20_000] * 5
    assert (sum(test.astype(int) for test in tests) == 1).all()
    assert float(log.rating.mean()) == pytest.approx(3.52986, abs=1e-4)
    first = log.rows(tests[0])  # u1.test holds only customers up to 462, as published
    assert int(first.user.max()) == 461


def test_biases_come_to_what_is_published_and_sampled_factors_do_better(log: Log) -> None:
    test = _movielens.in_test(log)[1]
    train, asked = log.rows(~test), log.rows(test)
    biases = rec_ratings.errors(train, asked, {"method": "als", "factors": 0, "sweeps": 10, "penalty": 0.05})
    assert biases.rmse == pytest.approx(0.944, abs=0.005)  # Surprise's baseline, on random folds
    sampled = rec_ratings.errors(train, asked, {"factors": 8, "sweeps": 40})
    assert sampled.rmse < 0.919
