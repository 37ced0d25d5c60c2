"""payload → draft: who did what, as the Segment spec writes it; and the limits of size and name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhiyin.domain.event import OWN_NAMES, EventType
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say
from zhiyin.loop.collect.arrival import MANY, MAX_ID, UNREADABLE, Arrival, message_id, person_id
from zhiyin.loop.collect.draft import Draft, reject
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.order_ids import GUEST, PREFIXES

TYPES: Mapping[str, EventType] = {
    "track": "track",
    "identify": "identify",
    "page": "page",
    "screen": "screen",
    "group": "group",
    "alias": "alias",
}
MAX_BYTES = 32 * 1024
MAX_DEPTH = 32  # objects and lists within each other
# ids of our own events and of those from files; a payload under one of them would keep the true one out
OWN_IDS = (
    *PREFIXES.values(),
    GUEST,
    "decided:",
    "delivered:",
    "bounced:",
    "refused:",
    "consent:",
    "unsubscribed:",
    "engaged:",
    "revealed:",
    "segment:",
)
_NOTHING: Mapping[str, Any] = {}


def shape(arrival: Arrival) -> Draft | Reject:
    """The draft of an arrival, where its payload is a message of the spec that names somebody."""
    payload = arrival.payload
    if type(payload) is not dict:
        if payload is UNREADABLE:
            return reject(arrival, RejectReason.NOT_JSON, say("the payload is no JSON"))
        return reject(arrival, RejectReason.BAD_ROW, say("the payload is no JSON object"))
    stated = payload.get("type") if arrival.kind in MANY else arrival.kind
    kind = TYPES.get(stated) if type(stated) is str else None
    customer_id, anonymous_id = person_id(payload.get("userId")), person_id(payload.get("anonymousId"))
    if kind is None:
        detail = say("type is {type!r}, not one of the spec", type=_short(stated))
        return reject(arrival, RejectReason.UNKNOWN_TYPE, detail, customer_id)
    if customer_id is None and anonymous_id is None:
        detail = say("neither userId nor anonymousId names anybody")
        return reject(arrival, RejectReason.MISSING_ID, detail)
    event_id = message_id(payload, arrival.position)
    if len(event_id) > MAX_ID:
        detail = say("messageId is longer than 200 characters")
        return reject(arrival, RejectReason.TOO_LARGE, detail, customer_id)
    named = payload.get("event" if kind == "track" else "name")
    name = named.strip() if type(named) is str else str(named) if type(named) in (int, float) else ""
    if not name:
        if kind == "track":
            detail = say("a track payload needs an event name")
            return reject(arrival, RejectReason.MISSING_FIELD, detail, customer_id)
        name = kind
    elif len(name) > MAX_ID:
        detail = say("the name of the event is longer than 200 characters")
        return reject(arrival, RejectReason.TOO_LARGE, detail, customer_id)
    given = payload.get("context")
    return Draft(
        arrival,
        payload,
        event_id,
        kind,
        name,
        arrival.received_at,
        customer_id,
        anonymous_id,
        given=given if type(given) is dict else _NOTHING,
    )


def size(draft: Draft, facts: Facts) -> Draft | Reject:
    """At most 32 KB, nested at most 32 levels deep."""
    raw = draft.arrival.raw
    if len(raw) > MAX_BYTES:
        detail = say("the payload has {size} bytes, more than {most}", size=len(raw), most=MAX_BYTES)
        return draft.reject(RejectReason.TOO_LARGE, detail)
    # with so few brackets it cannot be deep, and counting them is cheap; most payloads have no list
    lists = raw.count(b"[") if b"[" in raw else 0
    if lists + raw.count(b"{") > MAX_DEPTH and too_deep(draft.payload):
        detail = say("the payload is nested more than {most} levels deep", most=MAX_DEPTH)
        return draft.reject(RejectReason.TOO_LARGE, detail)
    return draft


def names(draft: Draft, facts: Facts) -> Draft | Reject:
    """Names and ids that only we may use are refused."""
    if draft.name in OWN_NAMES:
        detail = say("{name!r} is a name that only this system itself may state", name=draft.name)
        return draft.reject(RejectReason.RESERVED_NAME, detail)
    if draft.event_id.startswith(OWN_IDS):
        detail = say("messageId {id!r} begins like those of this system itself", id=draft.event_id)
        return draft.reject(RejectReason.RESERVED_NAME, detail)
    return draft


def too_deep(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether objects and lists are nested so deeply that readers further on may give up.

    >>> too_deep({"a": [1, {"b": 2}]}), too_deep([[[]]], depth=2)
    (False, True)
    """
    if not isinstance(value, dict | list):
        return False
    within = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(too_deep(part, depth - 1) for part in within)


def _short(value: Any) -> str:
    return str(value)[:100] if isinstance(value, str | int | float | None) else type(value).__name__
