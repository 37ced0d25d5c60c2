"""Recommendations: answers from a customer's latest interactions, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext, gettext_noop, override

from zhiyin.domain.item import Item
from zhiyin.services import catalogue, interactions, recommenders
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    from zhiyin.domain.recommendation import Recommendation

BOUGHT_DAYS = 30  # what was bought that lately is not recommended again
# reason -> what is told with the item that is the cause, and without one
_TOLD = {
    "because_bought": (
        gettext_noop("Because you bought %(item)s"),
        gettext_noop("Goes with what you bought"),
    ),
    "because_viewed": (
        gettext_noop("Because you looked at %(item)s"),
        gettext_noop("Goes with what you looked at"),
    ),
    "because_similar": (gettext_noop("Similar to %(item)s"), gettext_noop("Similar to what you like")),
    "because_together": (
        gettext_noop("Often bought with %(item)s"),
        gettext_noop("Often bought with what you have"),
    ),
    "because_sequence": (gettext_noop("Often next after %(item)s"), gettext_noop("Often what comes next")),
    "trending": ("", gettext_noop("On the rise")),
    "for_you": ("", gettext_noop("Chosen for you")),
}


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
    from zhiyin.loop.recommend.data import KINDS
    from zhiyin.loop.recommend.histories import questions

    now = ws.now()
    ids = list(dict.fromkeys(customer_ids))
    answering = recommenders.answering(ws, model)
    if answering is None or not ids:
        return {customer_id: [] for customer_id in ids}
    asked = questions(interactions.of_customers(ws, ids, now), ids, answering.shelf.item_ids, now)
    masked = None
    if exclude_bought is not None:
        masked = asked.chosen((asked.kind == KINDS.index("bought")) & (asked.age <= exclude_bought))
    unavailable = [item.item_id for item in catalogue.all_items(ws).values() if not item.available]
    answers = answering.answer(asked, n, unavailable, masked)
    return dict(zip(ids, answers, strict=True))


def reason_text(recommendation: Recommendation, items: Mapping[str, Item], language: str) -> str:
    """Why an item is recommended, for a reader of ``language``: "Because you bought Oolong".

    ``items`` should hold the items of ``recommendation.because``; the strongest known one is named.
    """
    cause = next((items[item_id] for item_id in recommendation.because if item_id in items), None)
    with override(language):
        told = _TOLD.get(recommendation.reason)
        if told is None:
            return gettext("Popular now")
        with_cause, without = told
        if cause is None or not with_cause:
            return gettext(without)
        return gettext(with_cause) % {"item": cause.name_in(language)}
