"""payloads that came before: clients send again whatever they saw no answer to."""

from __future__ import annotations

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.draft import Draft
from zhiyin.loop.collect.facts import Facts


def duplicates(draft: Draft, facts: Facts) -> Draft | Reject:
    """One message counts once. The ids of what was refused are not remembered, so it can be repaired."""
    memory, again = facts.memory, draft.arrival.again
    if (
        (again is not None and again.known)
        or draft.event_id in memory.new_ids
        or draft.event_id in memory.seen
    ):
        return draft.reject(RejectReason.DUPLICATE, "")
    return draft
