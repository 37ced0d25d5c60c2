"""consent to be tracked: who said no leaves nothing behind but a number."""

from __future__ import annotations

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.draft import Draft
from zhiyin.loop.collect.facts import Facts

CATEGORIES = frozenset({"analytics", "tracking"})  # of the consent that a browser states


def consent(draft: Draft, facts: Facts) -> Draft | Reject:
    """Nothing is kept of those who do not want to be tracked, nor of those who were erased meanwhile."""
    stated = draft.given.get("consent")
    if stated is not None and _no(stated):
        return draft.reject(RejectReason.NO_CONSENT, "")
    if facts.refusing or facts.erased:
        visitor, customer = draft.anonymous_id, draft.customer_id
        for person in (customer, visitor, facts.customer(visitor) if visitor is not None else None):
            if person is None:
                continue
            if person in facts.refusing:
                return draft.reject(RejectReason.NO_CONSENT, "")
            erased_at = facts.erased.get(person)
            if erased_at is not None and draft.arrival.received_at <= erased_at:
                return draft.reject(RejectReason.ERASED, "")
    return draft


def _no(stated: object) -> bool:
    """Whether a category that we belong to was refused, in ``{"categoryPreferences": {"analytics": false}}``."""
    preferences = stated.get("categoryPreferences") if type(stated) is dict else None
    if type(preferences) is not dict:
        return False
    return any(answer is False and name.strip().lower() in CATEGORIES for name, answer in preferences.items())
