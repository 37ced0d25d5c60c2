"""Candidates of several recommenders, put in order by what was taken next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.loop.recommend.candidates import Known, candidates
from zhiyin.loop.recommend.content import Content
from zhiyin.loop.recommend.data import DAY, Catalogue, Customers, Data, Log
from zhiyin.loop.recommend.hybrid import Hybrid
from zhiyin.loop.recommend.interface import Recommender
from zhiyin.loop.recommend.item_neighbours import ItemNeighbours
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.loop.recommend.ranker import Softmax, Trees
from zhiyin.testing.recommender import RecommenderContract

KINDS, COLLECTIONS, EVERY = 4, 24, 3  # kinds of clothes, collections of one piece each, days between them


class TestHybrid(RecommenderContract):
    def make(self) -> Hybrid:
        return Hybrid()


def fashion(customers: int = 120) -> Data:
    """Everybody likes one kind and buys, in some seasons, its newest piece; a few have it half a day before.

    It is the first day of the last season: who is not among the few has the newest piece to come.
    """
    rng = np.random.default_rng(0)
    user, item, at = [], [], []
    for collection in range(COLLECTIONS):
        early = np.arange(min(2 * KINDS, customers))
        late = 2 * KINDS + np.flatnonzero(rng.random(customers) < 0.4)
        late = late[late < (customers if collection < COLLECTIONS - 1 else 0)]
        for customer, when in [*((c, -0.5) for c in early), *((c, rng.random() * EVERY) for c in late)]:
            user.append(customer)
            item.append(collection * KINDS + customer % KINDS)
            at.append(int((collection * EVERY + when) * DAY))
    pieces = COLLECTIONS * KINDS
    kinds = [f"kind {n}" for n in range(KINDS)]
    shelf = Catalogue.of(
        [f"p{n}" for n in range(pieces)],
        text=[f"shirt of {kinds[n % KINDS]}" for n in range(pieces)],
        category=np.arange(pieces) % KINDS,
        categories=kinds,
    )
    return Data(
        Log.of(user, item, at),
        customers,
        shelf,
        Customers(),
        (COLLECTIONS - 1) * EVERY * DAY,
    )


def hits(model: Recommender, data: Data) -> float:
    """Of how many of those who do not have the newest piece of their kind it comes first."""
    who = np.arange(2 * KINDS, data.users)
    asked = data.queries(who)
    scores = model.fit(data, np.random.default_rng(0)).score(asked)
    scores[asked.row_of(), asked.item] = -np.inf
    return float(np.mean(scores.argmax(axis=1) == (COLLECTIONS - 1) * KINDS + who % KINDS))


@pytest.mark.parametrize("ranker", ["softmax", "trees"])
def test_it_learns_that_people_take_the_newest_of_their_kind_which_no_member_knows(ranker: str) -> None:
    data = fashion()
    alone = [hits(model, data) for model in (Content(), ItemNeighbours(), Popularity())]
    together = hits(Hybrid(("content", "item_neighbours", "popularity"), ranker, window=EVERY), data)
    assert together > 0.9 > 0.5 > max(alone)


def test_what_it_knows_of_items_it_knows_from_events_alone() -> None:
    data = fashion(8)
    told = Catalogue.of(data.catalogue.item_ids, seen_first=0)
    other = Data(data.log, data.users, told, data.customers, data.now)
    assert np.array_equal(Known.of(data).seen_first, Known.of(other).seen_first)


def test_without_enough_to_learn_from_the_first_member_answers() -> None:
    data = fashion(2)
    model = Hybrid(("popularity", "content")).fit(data, np.random.default_rng(0))
    asked = data.queries([0, 1])
    expected = Popularity().fit(data, np.random.default_rng(0)).score(asked)
    expected[asked.row_of(), asked.item] = -np.inf
    assert np.array_equal(model.score(asked), expected)


def test_members_that_lack_what_they_need_are_left_out() -> None:
    data = fashion(8)
    wordless = Data(data.log, data.users, Catalogue.of(data.catalogue.item_ids), data.customers, data.now)
    assert Hybrid(("content", "popularity")).fit(wordless, np.random.default_rng(0)).names_ == ["popularity"]


@pytest.mark.parametrize("ranker", ["softmax", "trees"])
def test_what_is_kept_answers_the_same(ranker: str) -> None:
    data = fashion()
    model = Hybrid(("content", "popularity"), ranker=ranker).fit(data, np.random.default_rng(0))
    again = Hybrid.from_arrays(dict(model.to_arrays()))
    asked = data.queries(np.arange(9))
    whole = model.score(asked)
    assert np.array_equal(again.score(asked), whole)
    assert np.array_equal(again.score(asked.block(3, 4))[0], whole[3])


@given(st.integers(0, 1000), st.integers(1, 5))
@settings(max_examples=25)
def test_each_member_names_its_best_and_nothing_of_which_it_is_silent(seed: int, per: int) -> None:
    data, rng = fashion(8), np.random.default_rng(seed)
    asked = data.queries([0, 1, 2])
    scores = [rng.integers(0, 9, (3, data.items)).astype(np.float32) for _ in range(2)]
    for own in scores:
        own[rng.random(own.shape) < 0.5] = -np.inf
    found = candidates(scores, asked, Known.of(data), per)
    named = set(zip(found.row.tolist(), found.item.tolist(), strict=True))
    assert len(named) == len(found.row)
    assert np.isfinite(found.features).all()
    for row in range(3):
        for own in scores:
            best = np.sort(own[row][np.isfinite(own[row])])[::-1][:per]
            assert {(row, item) for item in np.flatnonzero(own[row] >= best[-1]).tolist()} <= named
    assert all(any(np.isfinite(own[row, item]) for own in scores) for row, item in named)


def test_the_slope_of_the_softmax_is_that_of_its_loss() -> None:
    """Its answer is the minimum: any step away from it is worse."""
    rng = np.random.default_rng(0)
    features, starts = rng.normal(size=(60, 3)).astype(np.float32), np.arange(0, 60, 6)
    gains = np.zeros(60, dtype=np.float32)
    gains[starts + rng.integers(0, 6, 10)] = 1
    model = Softmax().learn(features, starts, gains, 0)

    def loss(weights: Any) -> float:
        scores = ((features - model.middle_) / model.scale_ @ weights).reshape(10, 6)
        log = np.log(np.exp(scores).sum(axis=1))
        return float((log - scores[gains.reshape(10, 6) > 0]).sum() + weights @ weights / 2)

    least = loss(model.weights_)
    for step in np.vstack([np.eye(3), -np.eye(3)]) * 1e-2:
        assert loss(model.weights_ + step) > least


def test_trees_are_walked_as_lightgbm_walks_them() -> None:
    import lightgbm

    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 4)).astype(np.float32)
    features[rng.random(features.shape) < 0.2] = 0
    gains = (features[:, 0] * features[:, 1] > 0.5).astype(np.float32)
    told = lightgbm.Dataset(features.astype(float), gains, group=[20] * 20)
    booster = lightgbm.train(
        {"objective": "lambdarank", "verbosity": -1, "num_leaves": 9, "num_threads": 1},
        told,
        num_boost_round=12,
    )
    grown = Trees().grow(booster.dump_model())
    assert grown.rank(features) == pytest.approx(booster.predict(features.astype(float)), abs=1e-6)
