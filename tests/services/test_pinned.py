"""What a shop pins to a placement comes first, what it leaves out never comes, and whatever is not shown is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from tests.cli.test_train import call
from tests.services.test_training import event, stock

from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.item import Item
from zhiyin.domain.placement import Placement
from zhiyin.loop.recommend.pinned import Pins, pins
from zhiyin.services import catalogue, pinned, placements, recommendations, recommenders, training, trying
from zhiyin.services.workspace import Workspace

SHELF = {
    "tea": Item("tea", "Tea", category="drinks"),
    "pot": Item("pot", "Pot", category="ware"),
    "old": Item("old", "Old cup", category="ware", available=False),
}


def test_only_what_can_be_shown_is_pinned_and_the_rest_is_told() -> None:
    place = Placement("home", "Home", pinned=("pot", "old", "gone", "tea"))
    left = (("old", "unavailable"), ("gone", "unavailable"))
    assert pins(place, SHELF) == Pins(("pot", "tea"), left)
    assert pins(place, SHELF, bought=["pot"]) == Pins(("tea",), (("pot", "bought"), *left))
    assert pins(place, SHELF, present=["tea"]).left_out[-1] == ("tea", "present")
    without = Placement("home", "Home", pinned=("pot", "tea"), excluded_categories=("ware",))
    assert pins(without, SHELF) == Pins(("tea",), (("pot", "excluded"),))


@pytest.fixture
def ws(workspace: Workspace) -> Workspace:
    """Everybody bought item 0, some 1, some 4; items 0, 4, 8, … are of one category."""
    shop = stock(workspace, *(event(n, 0, 1 if n % 2 else 4, ago=40 - n) for n in range(20)))
    training.train(shop, ["popularity"])
    return shop


def shown(ws: Workspace, customer: str = "c000", n: int = 4, **context: Any) -> list[str]:
    return [one.item_id for one in recommendations.recommend(ws, customer, n, **context)]


def test_pinned_items_come_first_and_once(ws: Workspace) -> None:
    assert shown(ws, "new", 3) == ["i00", "i01", "i04"]
    placements.configure(ws, "email", pinned=["i07", "i04", "i07"])
    assert shown(ws, "new") == ["i07", "i04", "i00", "i01"]
    assert shown(ws, "new", 1) == ["i07"]
    first = recommendations.recommend(ws, "new", 1)[0]
    assert (first.reason, first.because) == ("pinned", ())
    assert recommendations.reason_text(first, {}, "zh-hans") == "店铺精选"
    assert shown(ws, "new", 3, placement="item") == ["i00", "i01", "i04"]  # each placement has its own


def test_a_limit_of_a_category_counts_pinned_items_and_drops_none(ws: Workspace) -> None:
    placements.configure(ws, "email", pinned=["i08", "i12"], most_per_category=2)
    assert shown(ws, "new", 3) == ["i08", "i12", "i01"]
    placements.configure(ws, "email", most_per_category=1)
    assert shown(ws, "new", 3)[:2] == ["i08", "i12"]


def test_what_was_bought_lately_is_pinned_only_where_it_may_come_back(ws: Workspace) -> None:
    placements.configure(ws, "email", pinned=["i01", "i07"])
    assert shown(ws, "c019", 1) == ["i07"]
    assert pinned.left_out(ws, "c019") == (("i01", "bought"),)
    assert shown(ws, "c000", 1) == ["i01"]
    placements.configure(ws, "email", exclude_bought_days=0)
    assert shown(ws, "c019", 2) == ["i01", "i07"]
    assert shown(ws, "c019", 2, item="i01")[0] == "i07"


def test_what_is_left_out_never_comes(ws: Workspace) -> None:
    placements.configure(ws, "email", excluded_items=["i01"], excluded_categories=["taste 0"])
    assert {"i00", "i01", "i04", "i08"}.isdisjoint(shown(ws, "new", 24))
    assert len(shown(ws, "new", 24)) == 17
    placements.configure(ws, "email", excluded_items=[], excluded_categories=None)
    assert shown(ws, "new", 3) == ["i00", "i01", "i04"]


def test_a_new_item_is_pinned_before_any_model_knows_it(ws: Workspace) -> None:
    row = ws.lake.collect(ws.lake.items()).slice(0, 1)
    ws.lake.upsert("items", row.set_column(0, "item_id", pa.array(["fresh"])))
    assert "fresh" in catalogue.all_items(ws)
    placements.configure(ws, "email", pinned=["fresh", "i00"], excluded_items=["i01"])
    assert shown(ws, "new", 2) == ["fresh", "i00"]
    (model,) = recommenders.models(ws)
    tried = trying.tried(ws, model, "c000", "email")
    assert [offer.one.item_id for offer in tried.offers][:1] == ["fresh"]
    assert ("i01", "excluded") in tried.left_out
    assert ("i00", "bought") in trying.tried(ws, model, "c019", "email").left_out
    RecommenderModel.objects.all().delete()
    assert shown(ws, "new", 2) == ["fresh", "i00"]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"pinned": ["x"]}, "no item 'x'"),
        ({"excluded_items": ["x"]}, "no item 'x'"),
        ({"excluded_categories": ["hats"]}, "no category 'hats'"),
        ({"pinned": [f"i{n:02}" for n in range(21)]}, "21 items are pinned"),
        ({"pinned": ["i01"], "excluded_items": ["i01"]}, "pinned and left out"),
        ({"pinned": "i01"}, "is i01"),
        ({"pinned": 3}, "is 3"),
        ({"most_per_category": ["i01"]}, "is i01"),
        ({"colour": 3}, "has no colour"),
    ],
)
def test_rules_that_cannot_be_kept_are_refused(
    workspace: Workspace, rules: dict[str, int | Sequence[str]], told: str
) -> None:
    ws = stock(workspace)
    with pytest.raises(BadSetting, match=told):
        placements.configure(ws, "email", **rules)
    assert placements.get(ws, "email").pinned == []


def test_the_command_line_sets_lists_and_lifts_them(ws: Workspace) -> None:
    command = ("recommend", "placements", "email", "--json")
    call(ws, *command, "--pinned", "i01, i07", "--excluded-categories", "taste 2")
    (told,) = json.loads(call(ws, *command))
    assert (told["pinned"], told["excluded_items"], told["excluded_categories"]) == (
        ["i01", "i07"],
        [],
        ["taste 2"],
    )
    assert "email, pinned: i01, i07" in call(ws, "recommend", "placements")
    text = " ".join(call(ws, "recommend", "for", "new", "-n", "3").split())
    assert "Picked by the shop" in text
    rows = ws.lake.collect(ws.lake.items())
    out = pa.array([item_id != "i07" for item_id in rows["item_id"].to_pylist()])
    ws.lake.upsert("items", rows.set_column(rows.schema.get_field_index("available"), "available", out))
    text = " ".join(call(ws, "recommend", "for", "new").split())
    assert "Pinned, but left out: i07, which is not available." in text
    call(ws, *command, "--pinned", "")
    assert placements.get(ws, "email").pinned == []
