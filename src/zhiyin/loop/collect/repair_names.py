"""Repairs of names and of size: what only the system may state, and what is too large to keep."""

from __future__ import annotations

import json
from typing import Any

from zhiyin.domain.event import OWN_NAMES
from zhiyin.loop.collect.arrival import MAX_ID
from zhiyin.loop.collect.shape import MAX_BYTES, MAX_DEPTH, OWN_IDS, TYPES, too_deep

EXTERNAL = "external"
_PARTS = ("properties", "traits", "context")
_ROOM = 2048  # for what the spool adds


def external(payload: dict[str, Any]) -> dict[str, Any] | None:
    """Names and ids that only the system may state, marked as somebody else's.

    >>> external({"event": "Email Opened", "messageId": "m1"})
    {'event': 'Email Opened (external)', 'messageId': 'm1'}
    """
    name, message = payload.get("event" if "event" in payload else "name"), payload.get("messageId")
    changed = dict(payload)
    if isinstance(name, str) and name.strip() in OWN_NAMES:
        changed["event" if "event" in payload else "name"] = f"{name.strip()} ({EXTERNAL})"
    if isinstance(message, str) and message.strip().startswith(OWN_IDS):
        changed["messageId"] = f"{EXTERNAL}:{message.strip()}"[:MAX_ID]
    return changed


def typed(payload: dict[str, Any]) -> dict[str, Any] | None:
    """A payload of an unknown type as a track event of that name.

    >>> typed({"type": "purchase", "userId": "c1"})
    {'type': 'track', 'userId': 'c1', 'event': 'purchase'}
    """
    kind = payload.get("type")
    if not isinstance(kind, str) or not kind.strip() or kind in TYPES:
        return payload
    return {**payload, "type": "track", "event": payload.get("event") or kind.strip()}


def smaller(payload: dict[str, Any]) -> dict[str, Any] | None:
    """The payload without its largest properties, as many as it takes; too long names are cut."""
    changed = dict(payload)
    for name in ("event", "name", "messageId"):
        if isinstance(changed.get(name), str) and len(changed[name].strip()) > MAX_ID:
            changed[name] = changed[name].strip()[:MAX_ID]
    size = _bytes(changed)
    while size > MAX_BYTES - _ROOM or too_deep(changed):
        found = largest(changed)
        if found is None:
            return None
        part, name = found
        size -= _bytes(changed[part][name]) + _bytes(name)
        changed[part] = {key: value for key, value in changed[part].items() if key != name}
    return changed


def largest(payload: dict[str, Any]) -> tuple[str, str] | None:
    """The part and the name of the property that makes a payload too deep or, if none, takes most bytes.

    >>> largest({"properties": {"a": 1, "note": "long enough"}})
    ('properties', 'note')
    """
    found = [
        (not too_deep(value, MAX_DEPTH - 2), -_bytes(value), part, name)
        for part in _PARTS
        if isinstance(payload.get(part), dict)
        for name, value in payload[part].items()
    ]
    return min(found)[2:] if found else None


def _bytes(value: Any) -> int:
    try:
        return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError:
        return MAX_BYTES  # nested so deeply that it must go
