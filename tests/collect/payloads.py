"""Arrivals for tests: one payload as a browser or a server sends it, with what a test changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from zhiyin.domain.event import Event
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.arrival import Arrival
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.pipeline import run

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


def arrival(payload: Any, position: str = "1:0", **request: Any) -> Arrival:
    """One arrival; ``request`` changes what the request says."""
    return Arrival(position, payload, b"{}", **{"source": "web", "received_at": RECEIVED} | request)


def browser(**payload: Any) -> dict[str, Any]:
    """What a library in a page sends."""
    return {
        "type": "track",
        "event": "Button Clicked",
        "anonymousId": "visitor",
        "messageId": "m1",
        "context": {"userAgent": CHROME, "library": {"name": "analytics.js", "version": "next-1"}},
    } | payload


def server(**payload: Any) -> dict[str, Any]:
    """What a library on a server sends."""
    return {"type": "track", "event": "Viewed", "userId": "ann", "messageId": "m1"} | payload


def take(payload: Any, facts: Facts | None = None, **request: Any) -> Event | Reject:
    """What becomes of one payload."""
    found = run([arrival(payload, **request)], facts or Facts())
    (only,) = [*found.events, *found.rejects, *found.duplicates]
    return only


def event(payload: Any, facts: Facts | None = None, **request: Any) -> Event:
    """The event of a payload that is taken in."""
    found = take(payload, facts, **request)
    assert isinstance(found, Event), found
    return found


def reason(payload: Any, facts: Facts | None = None, **request: Any) -> str:
    """The reason for which a payload is refused."""
    found = take(payload, facts, **request)
    assert isinstance(found, Reject), found
    return str(found.reason)
