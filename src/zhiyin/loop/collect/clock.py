"""the client's clock → ours: when something happened, whatever the client thinks the time is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say
from zhiyin.loop.collect.draft import Draft
from zhiyin.loop.collect.facts import Facts

AHEAD = timedelta(days=1)  # as much as a clock without ``sentAt`` may be wrong; more is no clock
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def clock(draft: Draft, facts: Facts) -> Draft | Reject:
    """``timestamp = received_at - (sentAt - originalTimestamp)``, as the Segment spec says, never after
    ``received_at``. History keeps the times that it states."""
    payload, arrival = draft.payload, draft.arrival
    # RudderStack's library for Node states a given time as timestamp, and the time of the call beside it
    stated = payload.get("timestamp") or payload.get("originalTimestamp")
    if stated is None:
        return draft  # drafts begin with the time of receipt
    at = instant(stated)
    if at is None:
        return draft.reject(
            RejectReason.BAD_DATE, say("{value!r} is not an ISO 8601 time", value=_short(stated))
        )
    received = arrival.received_at
    sent_at = payload.get("sentAt") or arrival.sent_at
    if sent_at is not None and arrival.kind != "import":
        sent = instant(sent_at)
        if sent is None:
            detail = say("sentAt is {value!r}, not an ISO 8601 time", value=_short(sent_at))
            return draft.reject(RejectReason.BAD_DATE, detail)
        try:
            at = received - (sent - at)
        except OverflowError:
            at = OLDEST - AHEAD
    if at > received:
        if at - received > AHEAD and sent_at is None:
            detail = say("timestamp {value} lies in the future", value=_short(stated))
            return draft.reject(RejectReason.FUTURE_DATE, detail)
        at = received
    elif at < OLDEST:
        return draft.reject(
            RejectReason.BAD_DATE, say("{value!r} is not a time of this age", value=_short(stated))
        )
    draft.timestamp = at
    return draft


def instant(value: Any) -> datetime | None:
    """A moment in UTC from ISO 8601, or from seconds or milliseconds since 1970; None for what is no time.

    >>> instant("2026-03-01T10:00:00+08:00").isoformat(), instant(1_767_225_600_000).isoformat()
    ('2026-03-01T02:00:00+00:00', '2026-01-01T00:00:00+00:00')
    """
    kind = type(value)
    if kind is str:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            try:
                return _since_epoch(float(value)) if len(value) <= 20 else None
            except ValueError:
                return None
        if at.tzinfo is UTC:
            return at
        try:
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        except OverflowError:
            return None
    return _since_epoch(value) if kind is int or kind is float else None


def _since_epoch(value: float) -> datetime | None:
    seconds = value / 1000 if value > 1e11 else value
    # smaller ones are years or days as people write them, larger ones after the year 5000
    return _EPOCH + timedelta(seconds=seconds) if 1e8 <= seconds <= 1e11 else None


def _short(value: Any) -> str:
    return str(value)[:100]
