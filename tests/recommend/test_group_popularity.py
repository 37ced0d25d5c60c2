"""What customers of the same kind took."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.recommend.arrays import DAY
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.group_popularity import GroupPopularity
from zhiyin.loop.recommend.groups import FEWEST, Groups, parted
from zhiyin.loop.recommend.histories import customers, learned
from zhiyin.loop.recommend.popularity import Popularity, popularity
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.serving import Context, Served, Shelf
from zhiyin.testing.recommender import ITEMS, NOW, interactions


def shop(steps: pa.Table, **attributes: dict[str, str]) -> Data:
    """Data in which some customers have a value of some attributes."""
    who = customers(steps).to_pylist()
    groups = {name: Groups.told([of.get(one) for one in who]) for name, of in attributes.items()}
    return replace(learned(steps, ITEMS, NOW), customers=Customers(groups=groups))


def first(model: GroupPopularity, data: Data, **groups: str) -> str:
    """What somebody of these groups is shown first."""
    served = Served("tried", model.fit(data, np.random.default_rng(0)), Shelf.of(data), popularity(data))
    return served.recommend([], 1, context=Context(groups=groups))[0].item_id


# forty French took tea (i1), sixty others coffee (i2), and one of the moon something else (i3)
TOOK = [(f"fr{n}", "i1") for n in range(40)] + [(f"us{n}", "i2") for n in range(60)] + [("moon", "i3")]
COUNTRY = {who: who[:2].upper() for who, _ in TOOK}
WORLD = shop(interactions(TOOK), country=COUNTRY)


def test_each_group_gets_what_it_took_itself() -> None:
    model = GroupPopularity("country", shrinkage=5.0)
    assert first(model, WORLD, country="FR") == "i1"
    assert first(model, WORLD, country="US") == "i2"


def test_whoever_is_in_no_known_group_gets_what_everybody_took() -> None:
    model = GroupPopularity("country", shrinkage=5.0)
    assert first(model, WORLD) == first(model, WORLD, country="Atlantis") == "i2"


@pytest.mark.parametrize(("shrinkage", "expected"), [(5.0, "i2"), (0.1, "i3")])
def test_one_customer_does_not_speak_for_a_small_group_unless_told_so(
    shrinkage: float, expected: str
) -> None:
    assert first(GroupPopularity("country", shrinkage=shrinkage), WORLD, country="MO") == expected


def test_by_itself_it_parts_customers_by_what_tells_their_tastes_apart() -> None:
    odd = {who: str(number % 2) for number, (who, _) in enumerate(TOOK)}
    both = shop(interactions(TOOK), number=odd, country=COUNTRY)
    assert GroupPopularity().fit(both, np.random.default_rng(0)).by_ == "country"
    only = shop(interactions(TOOK), number=odd)
    assert GroupPopularity().fit(only, np.random.default_rng(0)).by_ == ""


def test_a_quiet_year_does_not_make_groups_alike() -> None:
    later = replace(WORLD, now=WORLD.now + 365 * DAY)
    assert first(GroupPopularity("country", shrinkage=5.0), later, country="FR") == "i1"


def test_an_attribute_that_the_data_do_not_have_parts_nobody() -> None:
    assert first(GroupPopularity("shoe size"), WORLD, country="FR") == "i2"


def test_a_value_that_few_have_makes_no_group() -> None:
    """It would tell what each of them bought."""
    values: list[str | None] = ["FR"] * FEWEST + ["MC"] * (FEWEST - 1) + [None]
    (groups,) = parted(
        {"country": values, "nickname": [f"n{place}" for place in range(len(values))]}
    ).values()
    assert groups.names == ("FR",)
    assert groups.of.tolist() == [0] * FEWEST + [-1] * FEWEST


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 7)), min_size=1, max_size=30), st.data())
def test_one_group_of_all_is_overall_popularity(rows: list[tuple[str, int]], drawn: st.DataObject) -> None:
    steps = interactions((who, f"i{item}") for who, item in rows)
    shrinkage, half_life = drawn.draw(st.sampled_from([0.5, 50.0])), drawn.draw(st.sampled_from([7.0, 30.0]))
    data = shop(steps, world=dict.fromkeys(customers(steps).to_pylist(), "earth"))
    asked = Queries.of([0, 0, 0], [], groups={"world": np.array([0, -1], dtype=np.int32)})
    rng = np.random.default_rng(0)
    overall = Popularity(half_life).fit(data, rng).score(asked)
    own = GroupPopularity("world", half_life, shrinkage).fit(data, rng).score(asked)
    np.testing.assert_allclose(own, overall, rtol=1e-5)
