"""Orders in which what goes with what is visible."""

from __future__ import annotations

import numpy as np
import pytest
from tests.recommend.worlds import RNG, asked, data

from zhiyin.loop.recommend.baskets import Baskets
from zhiyin.loop.recommend.itemsets import rules as mined
from zhiyin.loop.recommend.log import KINDS

#: tea with a pot, bread with butter, milk with everything
TEA, POT, BREAD, BUTTER, MILK = range(5)
ORDERS = [[TEA, POT, MILK]] * 3 + [[BREAD, BUTTER, MILK]] * 3 + [[MILK]] * 3 + [[TEA, BREAD]]
WORLD = data(ORDERS, 5, grouped="basket")
IN_BASKET = KINDS.index("basket")


def test_the_score_is_the_lift_shrunk() -> None:
    scores = Baskets(shrinkage=2, lift=1).fit(WORLD, RNG).score(asked([TEA]))[0]
    assert scores[POT] == pytest.approx(3 * (10 + 2) / ((4 + 2) * 3))
    assert scores[MILK] == pytest.approx(3 * (10 + 2) / ((4 + 2) * 9))
    assert np.isneginf(scores[[TEA, BREAD, BUTTER]]).all()  # once is not often enough


def test_less_lift_says_what_everybody_buys() -> None:
    assert Baskets(lift=1).fit(WORLD, RNG).score(asked([TEA]))[0].argmax() == POT
    often = data([*ORDERS, [TEA, MILK]], 5, grouped="basket")
    assert Baskets(lift=0).fit(often, RNG).score(asked([TEA]))[0].argmax() == MILK


def test_rules_are_counted_over_all_orders_and_the_strongest_come_first() -> None:
    model = Baskets(shrinkage=0, lift=1).fit(WORLD, RNG)
    of_tea = model.rules(TEA)
    assert [(one.left, one.right, one.count) for one in of_tea] == [((TEA,), POT, 3), ((TEA,), MILK, 3)]
    first = of_tea[0]
    assert (first.support, first.confidence, first.lift) == pytest.approx((0.3, 0.75, 2.5))
    lifts = [one.lift for one in model.rules()]
    assert len(lifts) == 12
    assert lifts == sorted(lifts, reverse=True)
    assert model.rules(most=2) == model.rules()[:2]
    counted = mined(ORDERS, support=0.2, confidence=0)
    assert {one for one in counted if len(one.left) == 1} == set(model.rules())


def test_the_whole_basket_is_asked_and_nothing_else_where_there_is_one() -> None:
    model = Baskets().fit(WORLD, RNG)
    both = model.score(asked([TEA, BREAD, TEA], kind=[0, IN_BASKET, IN_BASKET]))[0]
    np.testing.assert_allclose(both[MILK], model.score(asked([TEA], [BREAD]))[:, MILK].sum(), rtol=1e-6)
    only = model.score(asked([BREAD, TEA, BREAD], kind=[0, IN_BASKET, 0]))
    np.testing.assert_array_equal(only, model.score(asked([TEA])))


def test_without_a_basket_the_item_looked_at_then_the_whole_history() -> None:
    model = Baskets().fit(WORLD, RNG)
    np.testing.assert_array_equal(model.score(asked([BREAD], context=[TEA])), model.score(asked([TEA])))
    both = asked([BREAD, TEA], kind=[IN_BASKET, IN_BASKET])
    np.testing.assert_array_equal(model.score(asked([BREAD, TEA])), model.score(both))
    assert np.isneginf(model.score(asked([]))).all()


def test_parts_add_up_to_the_score() -> None:
    model = Baskets().fit(WORLD, RNG)
    question = asked([MILK], [TEA, BREAD, TEA, MILK], kind=[0, *[IN_BASKET] * 4])
    items = np.arange(5, dtype=np.int32)
    scores = model.score(question)[1]
    for item, told in zip(items, model.explain(question, 1, items), strict=True):
        assert sum(part for _, part in told) == pytest.approx(max(scores[item], 0), rel=1e-5)
    assert [place for place, _ in model.explain(question, 1, items)[POT]] == [2, 3]


def test_counting_in_two_parts_is_counting_at_once() -> None:
    first, second = ORDERS[:5], [[MILK, 5, TEA], [MILK, 5]]
    model = Baskets(least=1).fit(data(first, 5, grouped="basket"), RNG)
    twice = model.partial_fit(data(second, 6, grouped="basket"))
    once = Baskets(least=1).fit(data([*first, *second], 6, grouped="basket"), RNG)
    np.testing.assert_array_equal(twice.score(asked([MILK], [5])), once.score(asked([MILK], [5])))
