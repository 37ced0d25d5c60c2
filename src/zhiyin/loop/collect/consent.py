"""consent to be tracked: who said no leaves nothing behind but a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.arrival import Arrival, person_id
from zhiyin.loop.collect.draft import Draft, reject
from zhiyin.loop.collect.facts import Facts

CATEGORIES = frozenset({"analytics", "tracking"})  # of the consent that a browser states


def consent(draft: Draft, facts: Facts) -> Draft | Reject:
    """Nothing is kept of those who do not want to be tracked, nor of those who were erased meanwhile."""
    reason = _unwanted(draft.arrival, draft.given, draft.customer_id, draft.anonymous_id, facts)
    return draft if reason is None else draft.reject(reason, "")


def hushed(refused: Reject, arrival: Arrival, facts: Facts) -> Reject:
    """A reject for another reason must not tell of such people either."""
    payload = arrival.payload
    if type(payload) is not dict:
        return refused
    customer, visitor = person_id(payload.get("userId")), person_id(payload.get("anonymousId"))
    given = payload.get("context")
    reason = _unwanted(arrival, given if type(given) is dict else {}, customer, visitor, facts)
    return refused if reason is None else reject(arrival, reason, "")


def _unwanted(
    arrival: Arrival, given: Mapping[str, Any], customer: str | None, visitor: str | None, facts: Facts
) -> RejectReason | None:
    stated = given.get("consent")
    if stated is not None and _no(stated):
        return RejectReason.NO_CONSENT
    if facts.refusing or facts.erased:
        for person in (customer, visitor, facts.customer(visitor) if visitor is not None else None):
            if person is None:
                continue
            if person in facts.refusing:
                return RejectReason.NO_CONSENT
            erased_at = facts.erased.get(person)
            if erased_at is not None and arrival.received_at <= erased_at:
                return RejectReason.ERASED
    return None


def _no(stated: object) -> bool:
    """Whether a category that we belong to was refused, in ``{"categoryPreferences": {"analytics": false}}``."""
    preferences = stated.get("categoryPreferences") if type(stated) is dict else None
    if type(preferences) is not dict:
        return False
    return any(answer is False and name.strip().lower() in CATEGORIES for name, answer in preferences.items())
