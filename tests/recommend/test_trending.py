"""What is on the rise."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.recommend.histories import learned
from zhiyin.loop.recommend.trending import Trending
from zhiyin.testing.recommender import ITEMS, NOW, interactions, serve


def sold(item: str, lately: int, before: int) -> pa.Table:
    """Purchases of an item, by different customers, in the last week and in the week before."""
    weeks = ((lately, 1.0, "new"), (before, 8.0, "old"))
    return pa.concat_tables(
        interactions(((f"{item}{when}{n}", item) for n in range(times)), days_ago=ago)
        for times, ago, when in weeks
    )


def shown(*items: tuple[str, int, int], smoothing: float = 10.0, n: int = 1) -> list[tuple[str, str]]:
    """Items and reasons that it gives for sales of items."""
    model = serve(Trending(7.0, smoothing), pa.concat_tables([sold(*item) for item in items]))
    return [(one.item_id, one.reason) for one in model.recommend([], n)]


def test_what_grew_most_comes_first_however_much_else_sells() -> None:
    assert shown(("i1", 100, 100), ("i2", 30, 10)) == [("i2", "trending")]


@pytest.mark.parametrize(("smoothing", "best"), [(10.0, "i2"), (0.1, "i1")])
def test_a_rare_item_does_not_win_by_chance(smoothing: float, best: str) -> None:
    """Two after none is an endless growth, and nothing to build on."""
    assert shown(("i1", 2, 0), ("i2", 40, 20), smoothing=smoothing)[0][0] == best


def test_what_does_not_grow_is_only_there_as_popular() -> None:
    told = shown(("i1", 50, 60), ("i2", 12, 4), ("i3", 5, 5), n=3)
    assert told == [("i2", "trending"), ("i1", "popular"), ("i3", "popular")]


def test_one_customer_who_comes_back_is_no_trend() -> None:
    often = interactions([("c1", "i1")] * 50)
    assert (
        serve(Trending(7.0), pa.concat_tables([often, sold("i2", 3, 0)])).recommend([], 1)[0].item_id == "i2"
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
def test_two_weeks_alike_show_no_trend_and_turned_round_they_show_the_inverse(
    weeks: list[tuple[int, int]],
) -> None:
    def growth(turned: bool) -> np.ndarray:
        tables = [sold(f"i{n}", *(week[::-1] if turned else week)) for n, week in enumerate(weeks)]
        return (
            Trending(7.0).fit(learned(pa.concat_tables(tables), ITEMS, NOW), np.random.default_rng(0)).growth_
        )

    there, back = growth(False), growth(True)
    np.testing.assert_allclose(there * back, 1, rtol=1e-5)
    same = [n for n, (now, before) in enumerate(weeks) if now == before]
    np.testing.assert_array_equal(there[same], 1)
