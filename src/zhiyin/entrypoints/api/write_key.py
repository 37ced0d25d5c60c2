"""Write keys at the door of the tracking API: found in header or body, remembered for seconds, paced."""

from __future__ import annotations

import base64
import time
from typing import Any

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseFailure

from zhiyin.entrypoints.api.body import Refused
from zhiyin.services import sources

KEY_SECONDS = 10.0  # how long a key's state is remembered
LONGEST = 200
_REMEMBERED = 10_000
_UNKNOWN = "The write key is not known or was revoked; make one under Data → Sources."


class Source:
    """Where events come from: a key in force, and how many events a second it may still send."""

    __slots__ = ("_room", "_when", "limit", "name")

    def __init__(self, name: str, limit: int) -> None:
        self.name, self.limit = name, limit
        self._room, self._when = float(limit), time.monotonic()

    def take(self, events: int) -> None:
        """Count events against the limit. Raises ``Refused`` (429) where it is reached."""
        if not self.limit:
            return
        now = time.monotonic()
        self._room = min(float(self.limit), self._room + (now - self._when) * self.limit)
        self._when = now
        if self._room < min(events, self.limit):  # a batch beyond the limit passes a full bucket
            wait = max(1, round((min(events, self.limit) - self._room) / self.limit + 0.5))
            raise Refused(429, f"This key may send {self.limit} events a second; wait.", retry_after=wait)
        self._room -= events


class WriteKeys:
    """The keys that this process has seen lately."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Source | None]] = {}
        self._headers: dict[bytes, str | None] = {}

    def key(self, authorization: bytes) -> str | None:
        """The key of an Authorization header, as ``of_header``, which few clients make us read anew."""
        try:
            return self._headers[authorization]
        except KeyError:
            key = of_header(authorization)
        if len(self._headers) > _REMEMBERED:
            self._headers.clear()
        self._headers[authorization] = key
        return key

    def at_hand(self, key: str) -> Source | None:
        """The source of a key that was looked up moments ago; None where ``source`` has to be asked."""
        known = self._known.get(key)
        return known[1] if known is not None and known[0] > time.monotonic() else None

    async def source(self, key: str) -> Source:
        """The source of a key. Raises ``Refused`` for one that is unknown or revoked (401), and while the
        records cannot be asked about a new one (503); one that is known stays good meanwhile."""
        now = time.monotonic()
        known = self._known.get(key)
        if known is None or known[0] < now:
            source = known[1] if known is not None else None
            try:
                found = await sync_to_async(sources.find)(key)
            except DatabaseFailure:
                if source is None:
                    raise Refused(
                        503,
                        "The write key cannot be checked right now; send the events again.",
                        retry_after=10,
                    ) from None
                found = source.name, source.limit
            if found is None:
                source = None
            elif source is None or (source.name, source.limit) != found:
                source = Source(*found)
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            known = self._known[key] = (now + KEY_SECONDS, source)
        if known[1] is None:
            raise Refused(401, _UNKNOWN)
        return known[1]


def of_header(authorization: bytes) -> str | None:
    """The key of an Authorization header: the user of Basic, or the token of Bearer."""
    scheme, _, value = authorization.partition(b" ")
    scheme = scheme.lower()
    if scheme == b"basic":
        try:
            return _short(base64.b64decode(value, validate=True).decode().partition(":")[0])
        except ValueError:  # of base64 and of UTF-8 alike
            raise Refused(401, "The Authorization header is not Basic authentication.") from None
    if scheme == b"bearer":
        return _short(value.strip().decode("latin-1"))
    return None


def _short(key: str) -> str | None:
    """The key, None if there is none; what is longer than any key is not remembered."""
    if len(key) > LONGEST:
        raise Refused(401, _UNKNOWN)
    return key or None


def of_body(value: Any) -> str:
    """The key of a body's ``writeKey``. Raises ``Refused`` (401) where there is none."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise Refused(
            401, "The write key is missing: send it as the user of Basic authentication, or as writeKey."
        )
    return value
