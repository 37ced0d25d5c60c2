"""The draft: an event on its way through the pipeline, filled in step by step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from zhiyin.domain.event import Event, EventType, Line
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.arrival import MANY, Arrival

_NO_CONTEXT: Mapping[str, Any] = {}


class Draft(msgspec.Struct, gc=False):
    """What steps hand on: the arrival, and the fields of the event as far as they are known.

    ``given`` is the context as it came, ``context`` what is kept of it. ``agent`` is the user agent of the
    person's device, empty where a server speaks; ``visiting`` whether it comes from such a device.
    """

    arrival: Arrival
    payload: dict[str, Any]
    event_id: str
    type: EventType
    name: str
    timestamp: datetime
    customer_id: str | None = None
    anonymous_id: str | None = None
    order_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    products: tuple[Line, ...] = ()
    properties: dict[str, Any] = {}
    given: Mapping[str, Any] = _NO_CONTEXT
    context: dict[str, Any] = {}
    agent: str = ""
    visiting: bool = False
    session_id: str | None = None

    def reject(self, reason: RejectReason, detail: str) -> Reject:
        """Refuse this payload."""
        return reject(self.arrival, reason, detail, self.customer_id)

    def event(self) -> Event:
        """The event, once every step agreed."""
        return Event(
            self.event_id,
            self.type,
            self.name,
            self.timestamp,
            self.customer_id,
            self.anonymous_id,
            self.arrival.source,
            self.order_id,
            self.amount,
            self.currency,
            None,
            self.products,
            self.properties,
            self.session_id,
            self.context,
        )


_SILENT = (RejectReason.NO_CONSENT, RejectReason.ERASED)  # nothing of the person stays
_LONGEST = 512 * 1024  # more than a request may hold, so that what was too large can be cut down later


def reject(arrival: Arrival, reason: RejectReason, detail: str, customer_id: str | None = None) -> Reject:
    """The reject of an arrival, with a raw payload that can be repaired and sent again.

    Without consent, or of a person who was erased, it tells nothing but that there was one.
    """
    if reason in _SILENT:
        return Reject(
            0, reason, "", "", arrival.position, arrival.source, arrival.received_at, replay=_replay(arrival)
        )
    return Reject(
        0,
        reason,
        detail,
        "" if reason is RejectReason.DUPLICATE else _raw(arrival),
        arrival.position,
        arrival.source,
        arrival.received_at,
        customer_id,
        _replay(arrival),
    )


def _replay(arrival: Arrival) -> str:
    return arrival.again.replay if arrival.again is not None else ""


def _raw(arrival: Arrival) -> str:
    """The payload as it came, without the write key, and with what else a second sending would need."""
    payload = arrival.payload
    if type(payload) is not dict or len(arrival.raw) > _LONGEST:
        return arrival.raw[:_LONGEST].decode("utf-8", "replace").replace("\x00", "")
    stands = {key: value for key, value in payload.items() if key != "writeKey"}
    stands.setdefault("messageId", f"spool:{arrival.position}")
    if arrival.kind == "import":
        stands.pop("sentAt", None)  # history keeps the times that it states
    elif arrival.sent_at is not None:
        stands.setdefault("sentAt", arrival.sent_at)
    if arrival.kind not in MANY:
        stands["type"] = arrival.kind
    return msgspec.json.encode(stands).decode()
