"""The tracking API: a bare ASGI application that speaks Segment's HTTP protocol.

Accept → check the key and the shape → durable spool → 200. Understanding the payloads is the worker's job.
"""

from __future__ import annotations

import asyncio
import base64
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from asgiref.sync import sync_to_async

from zhiyin.loop.collect.payload import MAX_BYTES, MAX_DEPTH, too_deep
from zhiyin.services import api_keys, ingest
from zhiyin.services.workspace import Workspace

MAX_BATCH = 500 * 1024
KEY_SECONDS = 10.0  # how long a key's state is remembered
_PATHS = {
    f"/v1/{path}": kind
    for kind in ("identify", "track", "page", "screen", "group", "alias", "batch")
    for path in (kind, kind[0])
} | {"/v1/import": "batch"}
_CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"authorization, content-type, x-retry-count"),
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-max-age", b"86400"),
]

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Refused(Exception):
    """A request that is answered with an error; its text says what to do."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class TrackingApi:
    """The application of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._keys: dict[str, tuple[float, str | None]] = {}

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "OPTIONS":
                await _answer(send, 204, b"")
                return
            accepted = await self._post(scope, receive)
            await _answer(send, 200, msgspec.json.encode({"success": True, "accepted": accepted}))
        except Refused as refused:
            await _answer(
                send, refused.status, msgspec.json.encode({"success": False, "error": refused.text})
            )
        except OSError:
            # a full or broken disk: nothing was acknowledged, so the client keeps its events and tries again
            await _answer(
                send,
                503,
                b'{"success":false,"error":"The events cannot be kept right now; send them again."}',
            )

    async def _post(self, scope: Mapping[str, Any], receive: Receive) -> int:
        kind = _PATHS.get(scope["path"])
        if kind is None:
            raise Refused(404, f"There is nothing at {scope['path']}; see /v1/batch.")
        if scope["method"] != "POST":
            raise Refused(405, "Send events with POST.")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(receive, gzipped=headers.get("content-encoding", "").lower() == "gzip")
        try:
            data = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(400, f"The body is not JSON: {error}.") from error
        if not isinstance(data, dict):
            raise Refused(400, "The body must be a JSON object.")
        source = await self._source(_key(headers, data))
        payloads = data.get("batch") if kind == "batch" else [{**data, "type": kind}]
        if not isinstance(payloads, list) or not all(isinstance(p, dict) for p in payloads):
            raise Refused(400, "batch must be a list of objects.")
        for payload in payloads:
            payload.pop("writeKey", None)
            payload.setdefault("messageId", ingest.new_id())
        if any(map(too_deep, payloads)):
            raise Refused(400, f"An event is nested more than {MAX_DEPTH} levels deep.")
        if any(len(msgspec.json.encode(payload)) > MAX_BYTES for payload in payloads):
            raise Refused(400, f"An event is larger than {MAX_BYTES // 1024} KB.")
        if payloads:
            sent_at = data.get("sentAt")
            await asyncio.to_thread(
                ingest.accept,
                self.workspace,
                payloads,
                source=source,
                sent_at=sent_at if isinstance(sent_at, str) else None,
                received_at=self.workspace.now(),
            )
        return len(payloads)

    async def _source(self, key: str | None) -> str:
        if not key:
            raise Refused(401, "The write key is missing: send it as the user of Basic authentication.")
        now = time.monotonic()
        digest = api_keys.digest(key)
        known = self._keys.get(digest)
        if known is None or known[0] < now:
            name = await sync_to_async(api_keys.name_of)(key)
            if len(self._keys) > 1000:
                self._keys.clear()
            known = self._keys[digest] = (now + KEY_SECONDS, name)
        if known[1] is None:
            raise Refused(401, "The write key is not known or was revoked; make one under Settings.")
        return known[1]


async def _body(receive: Receive, *, gzipped: bool) -> bytes:
    unpack = zlib.decompressobj(wbits=31) if gzipped else None
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "The request ended early.")
        chunk = message.get("body", b"")
        if unpack is not None:
            try:
                chunk = unpack.decompress(chunk, MAX_BATCH + 1)
            except zlib.error as error:
                raise Refused(400, f"The body is not gzip: {error}.") from error
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BATCH:
            raise Refused(413, f"The body is larger than {MAX_BATCH // 1024} KB; send smaller batches.")
        if not message.get("more_body"):
            if unpack is not None and not unpack.eof:
                raise Refused(400, "The body is not gzip, or ends early.")
            return b"".join(chunks)


def _key(headers: Mapping[str, str], data: Mapping[str, Any]) -> str | None:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except ValueError:  # of base64 and of UTF-8 alike
            raise Refused(401, "The Authorization header is not Basic authentication.") from None
    if scheme.lower() == "bearer":
        return value.strip()
    key = data.get("writeKey")
    return key if isinstance(key, str) else None


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *_CORS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
