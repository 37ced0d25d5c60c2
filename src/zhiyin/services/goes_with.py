"""What goes with what: pairs of items that are bought together, as rules with their counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zhiyin.domain.errors import BadFile, NotFound
from zhiyin.domain.text import say
from zhiyin.services import catalogue, recommenders, training
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    from zhiyin.loop.recommend.arrays import Text
    from zhiyin.loop.recommend.baskets import Baskets

NAME = "baskets"


@dataclass(frozen=True, slots=True)
class Pair:
    """Orders with ``antecedent`` also hold ``consequent``: of ``orders``, so many hold either and ``count`` both.

    ``support`` is the share of all orders that hold both, ``confidence`` of those that hold the antecedent, and
    ``lift`` how many times more often that is than if the two had nothing to do with each other.
    """

    antecedent: str
    consequent: str
    support: float
    confidence: float
    lift: float
    count: int
    antecedent_count: int
    consequent_count: int
    orders: int


def rules(ws: Workspace, item: str = "", limit: int = 20) -> list[Pair]:
    """The strongest rules, or those of one item, from the trained model ``baskets``, else from all orders anew.

    Raises ``NotFound`` for an item that nobody knows, ``Conflict`` where there are no items or no interactions.
    """
    return _pairs(ws, *(_trained(ws) or _learned(ws)), item, limit)


def known(ws: Workspace, limit: int = 20) -> list[Pair]:
    """The strongest rules of the trained model; none without one. Fast enough for a page."""
    trained = _trained(ws)
    return _pairs(ws, *trained, "", limit) if trained else []


def _trained(ws: Workspace) -> tuple[Baskets, Text] | None:
    from zhiyin.loop.recommend.baskets import Baskets

    try:
        served = recommenders.loaded(ws, recommenders.trained(ws, NAME))
    except (NotFound, BadFile):
        return None
    return (served.model, served.shelf.item_ids) if isinstance(served.model, Baskets) else None


def _learned(ws: Workspace) -> tuple[Baskets, Text]:
    from zhiyin.loop.recommend.baskets import Baskets

    data, _ = training.read(ws, ws.now())
    return Baskets().fit(data, np.random.default_rng(training.SEED)), data.catalogue.item_ids


def _pairs(ws: Workspace, model: Baskets, item_ids: Text, item: str, limit: int) -> list[Pair]:
    left = None
    if item:
        found = np.flatnonzero(item_ids == item)
        if not len(found):
            if item in catalogue.all_items(ws):
                return []  # newer than the model: in none of its orders
            raise NotFound(
                say("There is no item {item!r}.", item=item),
                why=say("It is in no order and not in the catalogue."),
                fix=say("Use an id of zhiyin import items."),
            )
        left = int(found[0])
    return [
        Pair(
            str(item_ids[rule.left[0]]),
            str(item_ids[rule.right]),
            rule.support,
            rule.confidence,
            rule.lift,
            rule.count,
            round(model.counts_[rule.left[0]]),
            round(model.counts_[rule.right]),
            model.orders_,
        )
        for rule in model.rules(left, limit)
    ]
