"""Trying models for one customer: what each would show, what of the history speaks for it, what rules leave out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.recommendation import Recommendation
from zhiyin.services import catalogue, interactions, pinned, placements, recommendations, recommenders
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Offer:
    """An item as a model would show it: ``parts`` are kinds of events with their share of what speaks for it."""

    one: Recommendation
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a model would show to a customer, and what its placement's rules leave out, with the reason."""

    name: str
    version: int
    offers: Sequence[Offer]
    left_out: Sequence[tuple[str, str]]


def tried(ws: Workspace, row: RecommenderModel, customer_id: str, placement: str, n: int = 5) -> Tried:
    """``n`` items of a trained model for a customer. Raises ``NotFound`` or ``BadFile`` where it cannot be read."""
    import numpy as np

    from zhiyin.loop.recommend.histories import questions
    from zhiyin.loop.recommend.log import KINDS
    from zhiyin.loop.recommend.pinned import excluded

    now = ws.now()
    model = recommenders.loaded(ws, row)
    shown = recommendations.recommend(ws, customer_id, n, f"{row.name}/{row.version}", placement=placement)
    asked = questions(
        interactions.of_customers(ws, [customer_id], now), [customer_id], model.shelf.item_ids, now
    )
    asked = replace(asked, groups=recommendations.groups(ws, model, [customer_id]))
    index = model.shelf.index
    own = [one.item_id for one in shown if one.reason != pinned.PINNED]
    items = np.array([index[item_id] for item_id in own], dtype=np.int32)
    causes = model.model.explain(asked, 0, items) if len(items) and len(asked.item) else [[] for _ in items]
    spoken = dict(zip(own, causes, strict=True))
    offers = []
    for one in shown:
        speaks = spoken.get(one.item_id, [])
        sums: dict[str, float] = {}
        for place, part in speaks:
            if part > 0:
                kind = KINDS[asked.kind[place]]
                sums[kind] = sums.get(kind, 0.0) + part
        total = sum(sums.values()) or 1.0
        offers.append(Offer(one, tuple((kind, part / total) for kind, part in sorted(sums.items()))))
    (free,) = model.answer(asked, n)
    there = {one.item_id for one in shown}
    known, rules = catalogue.all_items(ws), placements.get(ws, placement).noun
    bought = {
        str(model.shelf.item_ids[item])
        for item, kind, age in zip(asked.item, asked.kind, asked.age, strict=True)
        if KINDS[kind] == "bought" and age <= (rules.exclude_bought_days or -1)
    }
    left_out = list(pinned.left_out(ws, customer_id, placement))
    there |= {item_id for item_id, _ in left_out}
    for one in free:
        if one.item_id in there:
            continue
        item = known.get(one.item_id)
        if item is None or not item.available:
            left_out.append((one.item_id, "unavailable"))
        elif excluded(rules, item):
            left_out.append((one.item_id, "excluded"))
        elif one.item_id in bought:
            left_out.append((one.item_id, "bought"))
        elif rules.most_per_category is not None:
            left_out.append((one.item_id, "category"))
    return Tried(row.name, row.version, offers, left_out)
