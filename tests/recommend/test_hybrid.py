"""Candidates of several recommenders, put in order by what was taken next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.loop.recommend import lessons
from zhiyin.loop.recommend.arrays import DAY
from zhiyin.loop.recommend.candidates import candidates
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.content import Content
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.features import NUMBERS, Known
from zhiyin.loop.recommend.hybrid import Hybrid, dealt
from zhiyin.loop.recommend.interface import Recommender
from zhiyin.loop.recommend.item_neighbours import ItemNeighbours
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.loop.recommend.ranker import Softmax, Trees
from zhiyin.testing.recommender import RecommenderContract

KINDS, COLLECTIONS, EVERY = 4, 24, 3  # kinds of clothes, collections of one piece each, days between them


class TestHybrid(RecommenderContract):
    def make(self) -> Hybrid:
        return Hybrid()


def fashion(customers: int = 80) -> Data:
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
    data = fashion(160)
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
    had = np.zeros((3, data.items), dtype=np.bool_)
    had[asked.row_of(), asked.item] = True
    assert np.array_equal(found.own, had[found.row, found.item])
    for row in range(3):
        for own in scores:
            for side in (had[row], ~had[row]):  # both what is theirs and what is new has its best named
                told = np.flatnonzero(np.isfinite(own[row]) & side)
                best = np.sort(own[row][told])[::-1][:per]
                assert {(row, item) for item in told.tolist() if own[row, item] >= best[-1]} <= named
    assert all(any(np.isfinite(own[row, item]) for own in scores) for row, item in named)


EARLY = 10  # customers who take every novelty a visit ahead of the others


def grocery(customers: int = 60) -> Data:
    """Everybody takes their own two staples every fourth day, and with them the latest novelty of their kind.

    Nobody takes a novelty twice; the next one is known to the early ones alone.
    """
    user, item, at = [], [], []
    for customer in range(customers):
        for visit in range(12):
            latest = 20 + 2 * (visit + (customer < EARLY)) + customer % 2
            for bought in (customer % 10, 10 + customer % 7, latest):
                user.append(customer)
                item.append(bought)
                at.append((4 * visit + customer % 3) * DAY)
    shelf = Catalogue.of([f"g{n}" for n in range(46)])
    return Data(Log.of(user, item, at), customers, shelf, Customers(), 47 * DAY)


@pytest.mark.parametrize("ranker", ["softmax", "trees"])
def test_one_list_holds_what_they_come_back_for_and_in_the_right_order_what_is_new(ranker: str) -> None:
    data = grocery()
    model = Hybrid(("item_neighbours", "habits", "popularity"), ranker, window=4)
    who = np.arange(EARLY, data.users)
    scores = model.fit(data, np.random.default_rng(0)).score(data.queries(who))
    first = np.argsort(-scores, axis=1)[:, :3]
    wanted = np.stack([who % 10, 10 + who % 7, 44 + who % 2], axis=1)
    assert np.mean(np.sort(first, axis=1) == wanted) > 0.9
    for row, customer in enumerate(who):
        scores[row, data.log.item[data.log.user == customer]] = -np.inf
    assert np.mean(scores.argmax(axis=1) == wanted[:, 2]) > 0.9


def test_it_asks_itself_what_placements_ask() -> None:
    data = grocery()
    log = data.log
    told = Log.of(log.user, log.item, log.at, basket=log.user * 100 + log.at // DAY)
    data = Data(told, data.users, data.catalogue, data.customers, data.now)
    cut = lessons.cut(data, 4)
    assert cut is not None
    before = lessons.before(data, cut)
    assert before.log.at.max() < cut
    tasks = lessons.tasks(data, before, cut, np.random.default_rng(0))
    assert set(tasks) == {lessons.NEXT, lessons.BASKET}
    asked = tasks[lessons.BASKET].asked
    assert lessons.which(asked)[lessons.BASKET].all()
    assert not lessons.which(tasks[lessons.NEXT].asked)[lessons.BASKET].any()


def test_numbers_of_what_was_bought_before_are_those_of_its_visits() -> None:
    log = Log.of([0, 0, 0, 0, 0], [1, 2, 1, 1, 3], [0, 0, 10 * DAY, 20 * DAY, 20 * DAY])
    data = Data(log, 1, Catalogue.of(["a", "b", "c", "d"]), Customers(), 25 * DAY)
    scores = [np.ones((1, 4), dtype=np.float32)]
    found = candidates(scores, data.queries([0]), Known.of(data), 9)
    number = dict(zip(NUMBERS, found.features[:, 3:].T, strict=True))
    assert number["own"].tolist() == [0, 1, 1, 1]
    assert number["own_visits"] == pytest.approx(np.log1p([0, 3, 1, 1]))
    assert number["own_share"] == pytest.approx([0, 1, 1 / 3, 1 / 3])
    assert number["own_share_since"] == pytest.approx([0, 1, 1 / 3, 1])
    assert number["own_age"] == pytest.approx(np.log1p([365, 5, 25, 5]))
    assert number["own_visits_ago"] == pytest.approx(np.log1p([365, 0, 2, 0]))
    assert number["own_due"] == pytest.approx([0, np.log(6 / 11), 0, 0])
    assert number["visits"] == pytest.approx(np.log1p([3] * 4))


@given(st.integers(0, 1000), st.integers(1, 20))
@settings(max_examples=25)
def test_dealing_anew_keeps_the_values_of_each_row_and_takes_the_new_order(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    row = np.sort(rng.integers(0, 3, size))
    values, order = rng.random(size).astype(np.float32), rng.permutation(size).astype(np.float32)
    found = dealt(values, order, row)
    for one in range(3):
        here = row == one
        assert sorted(found[here]) == sorted(values[here])
        assert np.argsort(found[here]).tolist() == np.argsort(order[here]).tolist()


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
