"""``zhiyin recommend rules``: what goes with what, counted by eye."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.cli.test_train import call
from tests.services.test_training import NOW, event, stock

from zhiyin.adapters import models as artifacts
from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import Conflict, NotFound
from zhiyin.loop.recommend.serving import Served, Shelf
from zhiyin.services import goes_with
from zhiyin.services.workspace import Workspace


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """Ten orders: 1 with 2 in three of them, 3 with 4 in two, and 5 alone."""
    orders = [(1, 2), (1, 2), (1, 2, 5), (3, 4), (3, 4), (5,), (5,), (1,), (2, 3), (6, 7)]
    return stock(workspace, *(event(n, *items, ago=20 - n) for n, items in enumerate(orders)))


def rules(ws: Workspace, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call(ws, "recommend", "rules", "--json", *words))
    return found


def test_rules_of_all_items_and_of_one(shop: Workspace) -> None:
    found = rules(shop)
    assert {(one["antecedent"], one["consequent"]) for one in found} == {
        ("i01", "i02"), ("i02", "i01"), ("i03", "i04"), ("i04", "i03"),
    }  # fmt: skip
    (told,) = rules(shop, "--item", "i01")
    assert told == {
        "antecedent": "i01", "consequent": "i02", "support": 0.3, "confidence": 0.75, "lift": pytest.approx(1.875),
        "count": 3, "antecedent_count": 4, "consequent_count": 4, "orders": 10,
    }  # fmt: skip
    assert len(rules(shop, "--limit", "1")) == 1
    text = " ".join(call(shop, "recommend", "rules", "--item", "i01").split())
    assert "of 10 orders" in text
    assert "75.0%" in text
    assert "Nothing was bought together with i05" in call(shop, "recommend", "rules", "--item", "i05")


def test_a_trained_model_answers_at_once(shop: Workspace) -> None:
    assert goes_with.known(shop) == []
    model, item_ids = goes_with._learned(shop)
    everything = np.ones(len(item_ids), np.float32)
    served = Served("baskets", model, Shelf(item_ids, everything > 0), everything)
    saved = artifacts.save(shop.models, "baskets", served.to_arrays(), {})
    RecommenderModel.objects.create(name="baskets", version=saved.version, path="", trained_at=NOW)
    before = goes_with.known(shop)
    assert before == goes_with.rules(shop)
    assert len(before) == 4
    stock(shop, *(event(n, 8, 9, ago=1) for n in range(3)))  # of which the model does not know yet
    assert goes_with.rules(shop) == before
    assert goes_with.rules(shop, "i09") == []


def test_an_item_that_nobody_knows_is_told(shop: Workspace) -> None:
    with pytest.raises(NotFound, match="no item 'x'"):
        call(shop, "recommend", "rules", "--item", "x")
    assert "greater than or equal to 1" in call(shop, "recommend", "rules", "--limit", "0")


def test_a_shop_without_orders_says_what_to_import(workspace: Workspace) -> None:
    with pytest.raises(Conflict, match="no items"):
        call(workspace, "recommend", "rules")
    stock(workspace, event(1, 3, ago=2))
    assert "zhiyin import orders FILE" in " ".join(call(workspace, "recommend", "rules").split())
