"""The tracking API: a bare ASGI application that speaks Segment's HTTP protocol.

Accept → check the key and the size → durable spool → 200. Understanding the payloads is the worker's job; the
door keeps a request as it came, in one line of the spool.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from zhiyin.entrypoints.api import body as bodies
from zhiyin.entrypoints.api import write_key
from zhiyin.entrypoints.api.body import Many, One, Reading, Receive, Refused
from zhiyin.entrypoints.api.door import Door
from zhiyin.entrypoints.site.client import forwarded
from zhiyin.loop.collect.arrival import MANY, mended
from zhiyin.loop.collect.shape import MAX_BYTES
from zhiyin.services import ingest
from zhiyin.services.workspace import Workspace

NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
MIN_BYTES = 24  # of a message on average; a type and an id take more, so smaller ones are no messages
MAX_PENDING = 64 * 1024 * 1024  # bytes that requests under way may hold at a time
PATHS = {
    f"/v1/{path}": kind
    for kind in ("identify", "track", "page", "screen", "group", "alias", "batch")
    for path in (kind, kind[0])
} | {"/v1/import": "import"}
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
]
_MORE = {
    401: [(b"www-authenticate", b'Bearer realm="write key"')],  # Basic would make browsers ask for a password
    405: [(b"allow", b"POST, OPTIONS")],
}
_PREFLIGHT = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"authorization, content-type, content-encoding, x-retry-count"),
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class TrackingApi:
    """The application of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.door = Door(workspace)
        self._proxies = workspace.settings.server.proxies
        self._intake = ingest.intake(workspace)
        self._keys = write_key.WriteKeys()
        self._room = _Room(workspace)
        self._reading = Reading()
        self._many = msgspec.json.Decoder(Many).decode
        self._line = msgspec.json.Encoder().encode
        self._one = msgspec.json.Decoder(One).decode

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "OPTIONS":
                await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
                await send({"type": "http.response.body"})
                return
            answer, status, retry_after = await self._post(scope, receive), 200, 0
        except Refused as refused:
            status, retry_after = refused.status, refused.retry_after
            answer = _said(status, refused.text)
            if not refused.kept:
                self.door.refused(status)
        except OSError:
            # a full or broken disk: nothing was acknowledged, so the client keeps its events and tries again
            status, retry_after = 503, 10
            answer = _said(status, "The events cannot be kept right now; send them again.")
            self.door.refused(status)
        headers = [*_HEADERS, (b"content-length", b"%d" % len(answer))]
        if status in _MORE:
            headers += _MORE[status]
        if retry_after:
            # a page of another origin may read it only where that is said
            headers += [
                (b"retry-after", b"%d" % retry_after),
                (b"access-control-expose-headers", b"retry-after"),
            ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _post(self, scope: Mapping[str, Any], receive: Receive) -> bytes:
        kind = PATHS.get(scope["path"].rstrip("/"))
        if kind is None:
            raise Refused(404, "There is nothing at this address; /v1/openapi.json says what there is.")
        if scope["method"] != "POST":
            raise Refused(405, "Send events with POST.")
        headers = dict(scope["headers"])
        key = self._keys.key(headers.get(b"authorization", b""))
        source = (self._keys.at_hand(key) or await self._keys.source(key)) if key else None
        if self._intake.bytes_waiting > MAX_PENDING:
            raise Refused(429, "Too much is under way; wait a second.", retry_after=1)
        self._room.check()
        body = await bodies.read(receive, self._reading, headers)
        head, body, problem = self._understood(kind, body)
        events = 1
        too_large: Sequence[int] = ()
        if isinstance(head, Many):
            events = len(head.batch)
            if events > 100 and len(body) < events * MIN_BYTES:
                problem, events = _TOO_SMALL, 1
            else:
                too_large = _too_large(head.batch, len(body))
        elif len(body) > MAX_BYTES and head is not None:
            too_large = (0,)
        if source is None or key is None:
            key = write_key.of_body(head.writeKey if head is not None else None)
            source = await self._keys.source(key)
        source.take(events)
        if events:
            body = body.replace(key.encode(), b"")  # libraries put it into every message; it is kept nowhere
            understood = None if problem else head
            await self._intake.append(self._entry(scope, headers, source.name, kind, understood, body))
        if problem:  # kept among the rejects, and said
            raise Refused(400, problem, kept=True)
        if too_large and kind not in MANY:
            raise Refused(413, _TOO_LARGE, kept=True)
        return _accepted(events, too_large)

    def _understood(self, kind: str, body: bytes) -> tuple[Many | One | None, bytes, str]:
        """What the door needs of a body, the body, mended where that makes it JSON, and what is wrong with it."""
        decode: Callable[[bytes], Many | One] = self._many if kind in MANY else self._one
        try:
            return decode(body), body, ""
        except NO_JSON as error:
            problem = _problem(error)
        repaired = b"" if problem == _NO_OBJECT else mended(body)
        if repaired:
            with suppress(*NO_JSON):
                return decode(repaired), repaired, ""
        return None, body, problem

    def _entry(
        self,
        scope: Mapping[str, Any],
        headers: Mapping[bytes, bytes],
        source: str,
        kind: str,
        head: Many | One | None,
        body: bytes,
    ) -> bytes:
        """The line of the spool. A body that is no JSON object is kept as a text."""
        if head is None:
            body = msgspec.json.encode(body.decode("utf-8", "replace"))
        elif b"\n" in body:
            body = body.replace(b"\n", b" ")  # between values; within a text JSON has none
        hops = headers.get(b"x-forwarded-for", b"").decode("latin-1") if self._proxies else ""
        client = scope.get("client")
        return self._line(
            _Entry(
                self.workspace.now().astimezone(UTC),
                source,
                head.sentAt if head is not None and isinstance(head.sentAt, str) else None,
                forwarded(client[0] if client else "", hops, self._proxies),
                headers.get(b"user-agent", b"")[:500].decode("utf-8", "replace"),
                kind,
                msgspec.Raw(body),
            )
        )


class _Entry(msgspec.Struct, gc=False, rename="camel"):
    """A request as the spool keeps it, on one line."""

    received_at: datetime
    source: str
    sent_at: str | None
    ip: str
    user_agent: str
    kind: str
    body: msgspec.Raw


class _Room:
    """Whether more may be taken in; looked up once a second, since the disk is asked."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._looked = 0.0
        self._full = ""

    def check(self) -> None:
        """Raises ``Refused`` (503) where the worker is stuck or the disk nearly full."""
        now = time.monotonic()
        if now - self._looked > 1.0:
            self._looked = now
            settings, spool = self._workspace.settings.collect, self._workspace.spool
            self._full = ""
            if shutil.disk_usage(self._workspace.folder).free < settings.disk_reserve_mb * 1_000_000:
                self._full = "The disk is nearly full; send the events again later."
            elif spool.size() > settings.max_waiting_mb * 1_000_000:
                self._full = "Too many events wait for the worker; send these again later."
        if self._full:
            raise Refused(503, self._full, retry_after=10)


def _too_large(batch: Sequence[msgspec.Raw], length: int) -> tuple[int, ...]:
    if length <= MAX_BYTES:
        return ()
    return tuple(number for number, raw in enumerate(batch) if memoryview(raw).nbytes > MAX_BYTES)


def _accepted(events: int, too_large: Sequence[int]) -> bytes:
    if not too_large:
        return b'{"success":true,"accepted":%d}' % events
    rejected = [{"index": number, "reason": "too_large", "detail": _TOO_LARGE} for number in too_large]
    return msgspec.json.encode({"success": True, "accepted": events - len(rejected), "rejected": rejected})


def _problem(error: Exception) -> str:
    if isinstance(error, msgspec.ValidationError):
        return _NO_OBJECT
    return f"The body is not JSON: {error}."[:300]


def _said(status: int, text: str) -> bytes:
    # code and message are what Segment's and RudderStack's libraries read; without them they try a 401 again
    return msgspec.json.encode({"success": False, "error": text, "code": str(status), "message": text})


_NO_OBJECT = "The body must be a JSON object; of a batch, one with a list named batch."
_TOO_SMALL = "The batch holds more messages than could name a type and a person; it is kept as one reject."
_TOO_LARGE = f"An event is larger than {MAX_BYTES // 1024} KB; it is kept among the rejects."
