"""Evaluation: the figures of a world small enough to count by hand."""

from __future__ import annotations

import math

import numpy as np

from zhiyin.domain.item import Item
from zhiyin.loop.recommend.evaluate import Figures, compare, measure, task
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.testing.recommender import ITEMS, NOW, interactions, serve


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# i1 is bought by three, i2 by two, i3 by one
TRAIN = interactions(
    [("ann", "i1"), ("bob", "i1"), ("cem", "i1"), ("ann", "i2"), ("bob", "i2"), ("ann", "i3")]
)
TEST = interactions([("cem", "i3"), ("cem", "i1"), ("bob", "i6"), ("ann", "i2"), ("new", "i1")], days_ago=0)


def test_targets_are_new_items_of_known_customers() -> None:
    asked = task(TRAIN, TEST, ITEMS, NOW, rng=rng())
    assert asked.customer_ids == ["bob", "cem"]
    assert asked.targets == [{"i6"}, {"i3"}]
    assert asked.excluded == [{"i1", "i2"}, {"i1"}]
    assert "new to the customer" in asked.protocol


def test_with_repeats_everything_bought_after_counts() -> None:
    asked = task(TRAIN, TEST, ITEMS, NOW, repeats=True, rng=rng())
    assert dict(zip(asked.customer_ids, asked.targets, strict=True)) == {
        "ann": {"i2"},
        "bob": {"i6"},
        "cem": {"i1", "i3"},
    }
    assert "repeats allowed" in asked.protocol


def test_items_that_are_not_available_are_not_asked_for() -> None:
    offered = [Item(i.item_id, i.name, available=i.item_id != "i3") for i in ITEMS]
    assert task(TRAIN, TEST, offered, NOW, rng=rng()).customer_ids == ["bob"]


def test_recall_and_ndcg_are_those_counted_by_hand() -> None:
    asked = task(TRAIN, TEST, ITEMS, NOW, rng=rng())
    figures = measure(serve(Popularity(), TRAIN), asked, k=2)
    # cem is shown i2, i3: one hit, in second place; bob i3 and one never bought, not i6
    np.testing.assert_allclose(figures.recall, [0.0, 1.0])
    np.testing.assert_allclose(figures.ndcg, [0.0, 1 / math.log2(3)])
    assert figures.coverage == 3 / 8  # i2, i3, the one never bought


def test_difference_from_popularity_is_paired() -> None:
    asked = task(TRAIN, TEST, ITEMS, NOW, rng=rng())
    spread = np.random.default_rng(1).random(500)
    base, better = Figures(spread, spread, 0.1), Figures(spread + 0.01, spread + 0.01, 0.2)
    found = compare(asked, NOW, {"popularity": base, "ease": better}, rng())
    popularity, ease = found.models
    assert popularity.better_ndcg is None
    assert ease.better_ndcg is not None
    assert math.isclose(ease.better_ndcg.value or 0, 0.01, rel_tol=1e-6)
    assert ease.better_ndcg.excludes_zero
    assert found.to_dict()["models"][1]["better_ndcg"]["low"] > 0


def test_customers_are_drawn_at_random_with_the_draw_stated() -> None:
    asked = task(TRAIN, TEST, ITEMS, NOW, repeats=True, most=2, rng=rng())
    assert len(asked.customer_ids) == 2
    assert "2 customers drawn at random" in asked.protocol
