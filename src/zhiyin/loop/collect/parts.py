"""a batch → parts that can be understood apart from each other: all payloads of a visitor are in one of them."""

from __future__ import annotations

import re
import zlib
from typing import Any, NamedTuple

import msgspec

from zhiyin.loop.collect.arrival import MAX_ID, UNREADABLE, Arrival, may_have_nul, payload_of, person_id
from zhiyin.loop.collect.facts import LATE


class _Head(msgspec.Struct, gc=False):
    anonymousId: Any = None
    previousId: Any = None
    userId: Any = None


_KEY = b'"anonymousId":"'
# what is longer names nobody, what is shorter perhaps; a colon may be that of ``LATE``
_named = re.compile(_KEY + rb'([^"\\\x00-\x20:]{16,%d})"' % MAX_ID).match
_head = msgspec.json.Decoder(_Head).decode


class Part(NamedTuple):
    """The ``number``-th of so many parts, or as many as ``width`` from there on.

    What the pipeline remembers is told by visitor: visits, pace, links. Only ids of messages, links to another
    visitor and replays go beyond; see ``whole``, and ``ingest`` for the ids.
    """

    number: int = 0
    of: int = 1
    width: int = 1

    def holds(self, raw: bytes) -> bool:
        """Whether the payload with these bytes belongs to this part; each payload belongs to exactly one.

        >>> [part for part in (Part(0, 2), Part(1, 2)) if part.holds(b'{"anonymousId":"a","event":"Viewed"}')]
        [Part(number=1, of=2)]
        """
        # the visitor whom the bytes name first, where that can be told without reading them all; it may be a name
        # within a property, which is seen when the payload is read: see ``whole``
        named = _named(raw, max(raw.find(_KEY), 0))
        name = named[1] if named is not None else _visitor(raw)
        return 0 <= zlib.crc32(name) % self.of - self.number < self.width

    def whole(self, arrival: Arrival) -> bool:
        """Whether an arrival of this part concerns nobody of another part."""
        if self.of == self.width:
            return True
        payload = arrival.payload
        if type(payload) is not dict:
            return arrival.again is None
        visitor = person_id(payload.get("anonymousId"))
        if visitor is not None and not self._has(_name(visitor)):
            return False  # the name that stood first was another's
        if "previousId" not in payload:
            return arrival.again is None
        previous = person_id(payload["previousId"])
        here = previous is None or self._has(_name(previous))
        return here and arrival.again is None

    def _has(self, visitor: bytes) -> bool:
        return 0 <= zlib.crc32(visitor) % self.of - self.number < self.width


def parts(cores: int) -> list[Part]:
    """A part for each core; a smaller one for the first, which has to store what they all find."""
    first, other = (2, 3) if cores == 2 else (1, 3)
    of = first + other * (cores - 1)
    return [Part(0, of, first), *(Part(start, of, other) for start in range(first, of, other))]


def _visitor(raw: bytes) -> bytes:
    """Whose payload it is; one that names nobody is refused anyway, so that any part may do that."""
    head = None
    if not may_have_nul(raw):  # it is left out when a payload is read, perhaps from the name of a field
        try:
            head = _head(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            head = None  # no object, or to be mended
    if head is None:
        payload = payload_of(raw)
        if payload is UNREADABLE or type(payload) is not dict:
            return raw
        head = _Head(payload.get("anonymousId"), payload.get("previousId"), payload.get("userId"))
    for one in (head.anonymousId, head.previousId, head.userId):
        who = person_id(one)
        if who is not None:
            return _name(who)
    return raw


def _name(person: str) -> bytes:
    """Late events are remembered under another name, and belong to the same visitor."""
    if LATE in person:
        person = person.rpartition(LATE)[2]
    return person.encode("utf-8", "surrogatepass")
