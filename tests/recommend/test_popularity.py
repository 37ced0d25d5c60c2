"""Popularity fades."""

from __future__ import annotations

import pyarrow as pa
import pytest

from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.testing.recommender import interactions, serve

OLD = interactions(((f"c{number}", "i1") for number in range(3)), days_ago=60)
NEW = interactions(((f"c{number}", "i2") for number in range(2)), days_ago=1)


@pytest.mark.parametrize(("half_life", "first"), [(30.0, "i2"), (1000.0, "i1")])
def test_an_interaction_counts_half_after_its_half_life(half_life: float, first: str) -> None:
    model = serve(Popularity(half_life), pa.concat_tables([OLD, NEW]))
    assert model.recommend([], 1)[0].item_id == first


def test_a_purchase_counts_more_than_views() -> None:
    views = interactions(((f"c{number}", "i1") for number in range(3)), kind="viewed")
    bought = interactions([("c9", "i2")])
    model = serve(Popularity(), pa.concat_tables([views, bought]))
    assert [r.item_id for r in model.recommend([], 2)] == ["i2", "i1"]


def test_one_customer_who_comes_back_counts_once() -> None:
    often = interactions([("c1", "i1")] * 5)
    model = serve(Popularity(), pa.concat_tables([often, interactions([("c2", "i2"), ("c3", "i2")])]))
    assert [r.item_id for r in model.recommend([], 2)] == ["i2", "i1"]
