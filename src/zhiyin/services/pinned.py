"""Pinned items of a placement: who is shown which of them, before what a model recommends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from zhiyin.domain.item import Item
from zhiyin.domain.placement import EMAIL, Placement
from zhiyin.domain.recommendation import Recommendation
from zhiyin.services import catalogue, interactions, placements
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from zhiyin.loop.recommend.pinned import Pins

PINNED = "pinned"


def left_out(ws: Workspace, customer_id: str, placement: str = EMAIL) -> tuple[tuple[str, str], ...]:
    """The pinned items of a placement that a customer is not shown, each with the reason."""
    now = ws.now()
    rules = placements.get(ws, placement).noun
    steps = interactions.of_customers(ws, [customer_id], now)
    return first(rules, catalogue.all_items(ws), steps, [customer_id], (), now)[customer_id].left_out


def first(
    rules: Placement,
    items: Mapping[str, Item],
    steps: pa.Table,
    ids: Sequence[str],
    here: Sequence[str],
    now: datetime,
) -> dict[str, Pins]:
    """The pinned items of each customer; the rule about what was bought lately holds for them too."""
    from zhiyin.loop.recommend.pinned import pins

    if not rules.pinned:
        return dict.fromkeys(ids, pins(rules, items))
    bought: dict[str, set[str]] = {}
    if rules.exclude_bought_days is not None:
        since = now.replace(tzinfo=None) - timedelta(days=rules.exclude_bought_days)
        for row in steps.to_pylist():
            if row["kind"] == "bought" and row["item_id"] in rules.pinned and row["at"] >= since:
                bought.setdefault(row["customer_id"], set()).add(row["item_id"])
    return {who: pins(rules, items, bought.get(who, ()), here) for who in ids}


def before(
    pins: Pins, answer: Sequence[Recommendation], items: Mapping[str, Item], rules: Placement, n: int
) -> list[Recommendation]:
    """The pinned items, with the score of the best, before the others; the limit of a category counts both."""
    best = answer[0].score if answer else 0.0
    own = [Recommendation(item_id, best, PINNED) for item_id in pins.shown]
    chosen = [*own, *(one for one in answer if one.item_id not in pins.shown)]
    if rules.most_per_category is not None:
        chosen = _few_of_each(chosen, items, rules.most_per_category, len(own))
    return chosen[:n]


def _few_of_each(
    answer: Sequence[Recommendation], items: Mapping[str, Item], most: int, pinned: int
) -> list[Recommendation]:
    """The list with ``most`` items of a category, but for those ``pinned`` at its beginning, which all stay."""
    from zhiyin.loop.recommend.choose import capped

    categories = [items[one.item_id].category if one.item_id in items else "" for one in answer]
    numbers = {category: number for number, category in enumerate(dict.fromkeys(categories))}
    kept = capped([numbers[category] if category else -1 for category in categories], most)
    return [answer[place] for place in (*range(pinned), *(place for place in kept if place >= pinned))]
