"""Recommendations: answers from a customer's latest interactions, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext, gettext_noop, override

from zhiyin.domain.item import Item
from zhiyin.domain.placement import EMAIL
from zhiyin.services import catalogue, customer_groups, interactions, pinned, placements, recommenders
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from zhiyin.domain.recommendation import Recommendation
    from zhiyin.loop.recommend.arrays import I32
    from zhiyin.loop.recommend.serving import Served

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
    "pinned": ("", gettext_noop("Picked by the shop")),
    "for_you": ("", gettext_noop("Chosen for you")),
}


def recommend(
    ws: Workspace,
    customer_id: str,
    n: int = 5,
    model: str | None = None,
    *,
    placement: str = EMAIL,
    item: str = "",
    basket: Sequence[str] = (),
) -> list[Recommendation]:
    """At most ``n`` available items for a customer, from their latest interactions, each with its reason.

    The model and the rules are those of the ``placement``; ``model`` names another model. ``item`` is what the
    customer looks at, ``basket`` what lies in the basket; neither is recommended. An unknown customer gets
    what is popular. What the placement has pinned comes first. Without a trained model (of that name) or without
    items, nothing else does.
    """
    answers = recommend_many(ws, [customer_id], n, model, placement=placement, item=item, basket=basket)
    return answers[customer_id]


def recommend_many(
    ws: Workspace,
    customer_ids: Sequence[str],
    n: int = 4,
    model: str | None = None,
    *,
    placement: str = EMAIL,
    item: str = "",
    basket: Sequence[str] = (),
) -> dict[str, list[Recommendation]]:
    """``recommend`` for many customers, their interactions read in one query."""
    import numpy as np

    from zhiyin.loop.recommend.histories import questions
    from zhiyin.loop.recommend.pinned import excluded
    from zhiyin.services.shown import masked

    now = ws.now()
    ids = list(dict.fromkeys(customer_ids))
    rules = placements.get(ws, placement).noun
    answering = recommenders.answering(ws, model, placement)
    if not ids or (answering is None and not rules.pinned):
        return {customer_id: [] for customer_id in ids}
    known = catalogue.all_items(ws)
    steps = interactions.of_customers(ws, ids, now)
    here = [*basket, *([item] if item else [])]
    first = pinned.first(rules, known, steps, ids, here, now)
    if answering is None:
        return {who: pinned.before(first[who], [], known, rules, n) for who in ids}
    if item or basket:
        steps = _with_moment(steps, ids, item, basket, now)
    asked = replace(questions(steps, ids, answering.shelf.item_ids, now), groups=groups(ws, answering, ids))
    if item and item in answering.shelf.index:
        asked = replace(asked, context=np.full(len(asked), answering.shelf.index[item], dtype=np.int32))
    out = [one.item_id for one in known.values() if not one.available or excluded(rules, one)] + here
    # a pinned item is not recommended again, one left out would be for the same reason
    wanted = n + len(rules.pinned)
    shown = wanted if rules.most_per_category is None else min(8 * wanted, len(known))
    answers = answering.answer(asked, shown, out, masked(asked, rules))
    return {
        who: pinned.before(first[who], answer, known, rules, n)
        for who, answer in zip(ids, answers, strict=True)
    }


def groups(ws: Workspace, model: Served, customer_ids: Sequence[str]) -> dict[str, I32]:
    """The groups that customers are in now, as the model knows them."""
    if not model.shelf.groups:
        return {}
    return model.shelf.numbered(customer_groups.attributes(ws, customer_ids))


def _with_moment(
    steps: pa.Table, ids: Sequence[str], item: str, basket: Sequence[str], now: datetime
) -> pa.Table:
    """The steps, and what everybody has in the basket and, after that, looks at now.

    Whose latest step is that look already, since the page told of it before it asked, takes no second one.
    """
    import pyarrow as pa

    plain = now.replace(tzinfo=None)
    rows = [(item_id, "basket", plain - timedelta(microseconds=1)) for item_id in basket]
    more = [(who, *row) for who in ids for row in rows]
    if item:
        there = _looking(steps, item, plain)
        more += [(who, item, "viewed", plain) for who in ids if who not in there]
    told = [dict(zip(("customer_id", "item_id", "kind", "at"), row, strict=True)) for row in more]
    return pa.concat_tables([steps, pa.Table.from_pylist(told, schema=steps.schema)])


def _looking(steps: pa.Table, item: str, now: datetime) -> set[str]:
    """Who looked at the item last of all, and in the visit that still runs."""
    import pyarrow.compute as pc

    from zhiyin.loop.recommend.queries import PAUSE

    fresh = steps.filter(pc.greater_equal(steps["at"], now - timedelta(microseconds=PAUSE)))
    latest = {row["customer_id"]: row for row in fresh.sort_by("at").to_pylist()}
    return {who for who, row in latest.items() if (row["item_id"], row["kind"]) == (item, "viewed")}


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
