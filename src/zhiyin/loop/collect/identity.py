"""anonymous ids → customers: whom a visitor turned out to be."""

from __future__ import annotations

from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.arrival import person_id
from zhiyin.loop.collect.draft import Draft
from zhiyin.loop.collect.facts import Facts


def identity(draft: Draft, facts: Facts) -> Draft | Reject:
    """``identify`` and ``alias`` link an anonymous id to a customer; later events with the anonymous id alone
    belong to the customer. The last link counts, since devices are shared."""
    customer, visitor = draft.customer_id, draft.anonymous_id
    if customer is None:
        if visitor is not None:
            draft.customer_id = facts.customer(visitor)
        return draft
    if draft.type == "identify":
        _link(facts, visitor, customer)
    elif draft.type == "alias":
        _link(facts, person_id(draft.payload.get("previousId")), customer)
    return draft


def _link(facts: Facts, visitor: str | None, customer: str) -> None:
    if visitor is not None and visitor != customer and facts.customer(visitor) != customer:
        facts.memory.links[visitor] = customer
