"""a line of the spool → arrivals: single payloads, each with where and when it came."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from zhiyin.domain.event import Event
from zhiyin.loop.collect import order_ids

MANY = ("batch", "import")  # kinds of requests whose body holds a list of payloads
UNREADABLE = object()  # the payload of an arrival whose bytes are no JSON


class Again(msgspec.Struct, frozen=True, gc=False):
    """Where a payload that is sent again comes from: a reject with its reason, and the replay that repaired it.

    ``known`` says that an event of its id was in the lake already.
    """

    reject: str
    reason: str
    replay: str = ""
    known: bool = False


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One payload as it came.

    ``position`` is its place in the spool, the same however often it is read. ``payload`` is decoded JSON of
    any shape, or ``UNREADABLE``; ``raw`` is its text. ``kind`` is what the request was: the type of a single
    message, ``batch``, or ``import`` for history. ``event`` is set for events of our own, which need no
    understanding; ``again`` for rejects that are replayed.
    """

    position: str
    payload: Any
    raw: bytes
    source: str
    received_at: datetime
    sent_at: str | None = None
    ip: str = ""
    user_agent: str = ""
    kind: str = "batch"
    event: Event | None = None
    again: Again | None = None


class _Entry(msgspec.Struct, gc=False):
    receivedAt: datetime | None = None
    source: str = ""
    sentAt: Any = None
    ip: str | None = None
    userAgent: str | None = None
    kind: str = "batch"
    body: msgspec.Raw = msgspec.Raw(b"null")
    event: Event | None = None
    again: Again | None = None


class _Body(msgspec.Struct, gc=False):
    batch: list[msgspec.Raw]
    context: Any = None


class _Batch(_Entry, kw_only=True, gc=False):
    # read in the same go; what reads the others asks first which of the two it has
    body: _Body  # type: ignore[assignment]


_MANY = b'"kind":"batch","body":{'  # as the tracking API writes it
_batch = msgspec.json.Decoder(_Batch).decode
_entry = msgspec.json.Decoder(_Entry).decode
_body = msgspec.json.Decoder(_Body).decode
_decode = msgspec.json.Decoder().decode
_NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def arrivals(
    entry: bytes, position: str, *, whole: bool = True, wanted: Callable[[bytes], bool] | None = None
) -> list[Arrival]:
    """The payloads of one line of the spool; a broken line or body gives one arrival that is unreadable.

    ``whole`` is False for a line whose checksum is wrong. ``wanted`` chooses payloads by their bytes; the others
    are left out before they are read.

    >>> line = b'{"receivedAt":"2026-03-01T12:00:00Z","source":"web","kind":"track","body":{"event":"A"}}'
    >>> [(one.position, one.kind, one.payload) for one in arrivals(line, "7:0")]
    [('7:0', 'track', {'event': 'A'})]
    """
    read: _Entry | None = None
    if whole:
        try:
            read = _line(entry)
        except _NO_JSON:
            repaired = mended(entry)
            with suppress(*_NO_JSON):
                read = _entry(repaired) if repaired else None
    if read is not None and read.event is None and read.receivedAt is not None:
        return _payloads(read, position, wanted)
    if wanted is not None and not wanted(entry):
        return []
    if read is None or read.event is None:
        return [Arrival(position, UNREADABLE, entry, "", _LONG_AGO)]
    event = read.event
    return [Arrival(position, None, b"", event.source, event.timestamp, event=event)]


def _line(entry: bytes) -> _Entry:
    if _MANY in entry:
        with suppress(msgspec.ValidationError):
            batch = _batch(entry)
            if batch.kind in MANY:
                return batch
    return _entry(entry)


def event_ids(payload: Mapping[str, Any], position: str) -> set[str]:
    """The ids under one of which a payload counts, or has counted: its message's, and those of its order."""
    found, properties = {message_id(payload, position)}, payload.get("properties")
    if type(properties) is dict and "order_id" in properties:
        found.update(order_ids.asked(payload, properties))
    return found


def message_id(payload: Mapping[str, Any], position: str) -> str:
    """The id of a message: its own, else its place in the spool."""
    own = payload.get("messageId")
    if type(own) is int:
        own = str(own)
    return own.strip() or f"spool:{position}" if type(own) is str else f"spool:{position}"


MAX_ID = 200
_NOBODY = frozenset(
    {"", "null", "undefined", "none", "nan", "n/a", "anonymous", "0", "-1", "[object object]", "(null)"}
)


def person_id(value: Any) -> str | None:
    """The id of a person, None for what names nobody, such as ``undefined``.

    >>> person_id(" 4711 "), person_id(4711), person_id("undefined"), person_id(True)
    ('4711', '4711', None, None)
    """
    if type(value) is not str:
        if type(value) is not int:
            return None
        value = str(value) if abs(value) < 10**18 else ""
    text: str = value.strip()
    if len(text) <= 15 and text.lower() in _NOBODY:
        return None
    return text if len(text) <= MAX_ID else None


def _payloads(read: _Entry, position: str, wanted: Callable[[bytes], bool] | None) -> list[Arrival]:
    assert read.receivedAt is not None
    at = read.receivedAt if read.receivedAt.tzinfo else read.receivedAt.replace(tzinfo=UTC)
    sent = read.sentAt if type(read.sentAt) is str else None
    rest = (read.source, at, sent, read.ip or "", read.userAgent or "", read.kind)
    many, body = (read.body, b"") if isinstance(read, _Batch) else (None, bytes(read.body))
    if many is None and read.kind in MANY:
        with suppress(*_NO_JSON):
            many = _body(body)
    if many is None:
        if wanted is not None and not wanted(body):
            return []
        payload, body = _payload(body)
        return [Arrival(position, payload, body, *rest)]
    found = []
    for number, part in enumerate(many.batch):
        raw = bytes(part)
        if wanted is not None and not wanted(raw):
            continue
        payload, raw = _payload(raw)
        if many.context and type(many.context) is dict and type(payload) is dict:
            own = payload.get("context")
            payload["context"] = {**many.context, **own} if type(own) is dict else many.context
        found.append(Arrival(f"{position}:{number}", payload, raw, *rest, again=read.again))
    return found


def may_have_nul(raw: bytes) -> bool:
    """Whether JSON may hold the character that PostgreSQL keeps in no text."""
    return b"\\" in raw and rb"\u0000" in raw  # a single byte is found ten times as fast


def payload_of(raw: bytes) -> Any:
    """The payload with these bytes, mended where that is needed, else ``UNREADABLE``."""
    return _payload(raw)[0]


def _payload(raw: bytes) -> tuple[Any, bytes]:
    """The value that the bytes stand for, and its bytes; NaN and half characters are mended."""
    try:
        value = _decode(raw)
        return (_without_nul(value) if may_have_nul(raw) else value), raw
    except _NO_JSON:
        repaired = mended(raw)
    if repaired:
        with suppress(*_NO_JSON):
            return _without_nul(_decode(repaired)), repaired
    return UNREADABLE, raw


def mended(raw: bytes) -> bytes:
    """JSON that strict readers take, from what some clients write: NaN, infinity, half characters; nothing where
    it is no JSON at all."""
    try:
        value = json.loads(raw.decode("utf-8", "replace"), parse_constant=_nothing, parse_float=_finite)
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return b""


def _nothing(constant: str) -> None:
    """NaN and infinity are no values."""


def _finite(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


def _without_nul(value: Any) -> Any:
    """The value without the character that PostgreSQL keeps in no text."""
    if type(value) is str:
        return value.replace("\x00", "")
    if type(value) is list:
        return [_without_nul(part) for part in value]
    if type(value) is dict:
        return {name.replace("\x00", ""): _without_nul(part) for name, part in value.items()}
    return value
