"""Recommendations: answers from a customer's latest interactions, each with its reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext, override

from zhiyin.domain.item import Item
from zhiyin.services import catalogue, interactions, recommenders
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    from zhiyin.domain.recommendation import Recommendation

BOUGHT_DAYS = 30  # what was bought that lately is not recommended again


def recommend(
    ws: Workspace,
    customer_id: str,
    n: int = 5,
    model: str | None = None,
    exclude_bought: int | None = BOUGHT_DAYS,
) -> list[Recommendation]:
    """At most ``n`` available items for a customer, from their latest interactions, each with its reason.

    Items bought in the last ``exclude_bought`` days are left out; None leaves out nothing. An unknown
    customer gets what is popular. Without a trained model (of that name) or without items: an empty list.
    """
    return recommend_many(ws, [customer_id], n, model, exclude_bought)[customer_id]


def recommend_many(
    ws: Workspace,
    customer_ids: Sequence[str],
    n: int = 4,
    model: str | None = None,
    exclude_bought: int | None = BOUGHT_DAYS,
) -> dict[str, list[Recommendation]]:
    """``recommend`` for many customers, their interactions read in one query."""
    from zhiyin.loop.recommend.histories import histories

    now = ws.now()
    ids = list(dict.fromkeys(customer_ids))
    answering = recommenders.answering(ws, model)
    if answering is None or not ids:
        return {customer_id: [] for customer_id in ids}
    known = histories(interactions.of_customers(ws, ids, now), ids)
    excludes: list[Collection[str]] | None = None
    if exclude_bought is not None:
        since = now - timedelta(days=exclude_bought)
        excludes = [
            {one.item_id for one in history if one.kind == "bought" and one.at >= since} for history in known
        ]
    unavailable = [item.item_id for item in catalogue.all_items(ws).values() if not item.available]
    answers = answering.recommend_many(known, n, unavailable, excludes)
    return dict(zip(ids, answers, strict=True))


def reason_text(recommendation: Recommendation, items: Mapping[str, Item], language: str) -> str:
    """Why an item is recommended, for a reader of ``language``: "Because you bought Oolong".

    ``items`` should hold the items of ``recommendation.because``; the strongest known one is named.
    """
    cause = next((items[item_id] for item_id in recommendation.because if item_id in items), None)
    with override(language):
        if recommendation.reason == "because_bought":
            if cause is None:
                return gettext("Goes with what you bought")
            return gettext("Because you bought %(item)s") % {"item": cause.name_in(language)}
        if recommendation.reason == "because_viewed":
            if cause is None:
                return gettext("Goes with what you looked at")
            return gettext("Because you looked at %(item)s") % {"item": cause.name_in(language)}
        return gettext("Popular now")
