"""payloads that came before: clients send again whatever they saw no answer to, and orders come several ways."""

from __future__ import annotations

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.draft import Draft
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.order_ids import ONCE, event_ids


def duplicates(draft: Draft, facts: Facts) -> Draft | Reject:
    """One message counts once, and so does one order. The ids of what was refused are not remembered, so it can be
    repaired."""
    memory, again = facts.memory, draft.arrival.again
    if (
        (again is not None and again.known)
        or draft.event_id in memory.new_ids
        or draft.event_id in memory.seen
    ):
        return draft.reject(RejectReason.DUPLICATE, "")
    if draft.order_id is not None and draft.name in ONCE and draft.type == "track":
        return _of_order(draft, draft.order_id, facts)
    return draft


def _of_order(draft: Draft, order: str, facts: Facts) -> Draft | Reject:
    """The draft under the id of its order. What names nobody is known also where the order has a customer."""
    named, guest = event_ids(draft.name, order)
    who = draft.customer_id or facts.customer(draft.anonymous_id or "")
    memory = facts.memory
    for found in (named,) if who else (named, guest):
        if found in memory.new_ids or found in memory.seen:
            return draft.reject(RejectReason.DUPLICATE, "")
    draft.event_id = named if who else guest
    return draft
