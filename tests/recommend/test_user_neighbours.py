"""Neighbours among people: worked by hand, and forgotten when they ask."""

from __future__ import annotations

import numpy as np

from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.user_neighbours import UserNeighbours

# 0 and 1 share two items, 0 and 2 one; 3 shares nothing
HAVE = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 3), (3, 4)]
DIGESTS = np.arange(64, dtype=np.uint8).reshape(4, 16)


def people() -> Data:
    users, items = np.array(HAVE).T
    known = Customers(digests=DIGESTS)
    return Data(
        Log.of(users, items, np.arange(len(HAVE))), 4, Catalogue.of([*"abcde"]), known, len(HAVE), timed=False
    )


def fitted(**parameters: float) -> UserNeighbours:
    return UserNeighbours(taste_days=np.inf, half_life=np.inf, **parameters).fit(  # type: ignore[arg-type]
        people(), np.random.default_rng(0)
    )


def test_likeness_counts_what_is_shared_less_what_many_have() -> None:
    scores = fitted(item=1.0, user=1.0).score(people().queries([0]))[0]
    one, two = (1 / 2 + 1 / 3) / 3, (1 / 3) / 2
    np.testing.assert_allclose(scores[2:4], [one, two], rtol=1e-6)
    assert scores[4] == -np.inf


def test_only_the_nearest_give_advice() -> None:
    scores = fitted(k=2).score(people().queries([0]))[0]  # oneself and the nearest
    assert scores[2] > 0
    assert scores[3] == -np.inf


def test_a_power_listens_more_to_the_most_alike() -> None:
    asked = people().queries([0])
    plain, sharp = (fitted(power=power).score(asked)[0] for power in (1.0, 2.0))
    assert sharp[2] / sharp[3] > plain[2] / plain[3]


def test_whoever_asks_to_be_forgotten_gives_no_more_advice() -> None:
    model = fitted()
    left = model.forget(DIGESTS[1:2])
    assert DIGESTS[1].tobytes() not in left.to_arrays()["digests"].tobytes()
    scores = left.score(people().queries([0]))[0]
    assert scores[2] == -np.inf
    assert scores[3] > 0
    assert model.forget(np.zeros((1, 16), dtype=np.uint8)) is model
