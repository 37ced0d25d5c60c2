"""The body of a request to the tracking API: bounded in size and time, unpacked, never trusted."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

MAX_BATCH = 500 * 1024
MAX_READING = 64 * 1024 * 1024  # bytes that bodies on their way may hold at a time
SECONDS = 30.0  # for the whole body; who needs longer holds a connection on purpose

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Refused(Exception):
    """A request that is answered with an error; its text says what to do. ``kept`` where what it brought is
    kept among the rejects all the same."""

    def __init__(self, status: int, text: str, *, retry_after: int = 0, kept: bool = False) -> None:
        super().__init__(text)
        self.status, self.text, self.retry_after, self.kept = status, text, retry_after, kept


class Many(msgspec.Struct, gc=False):
    """A batch: its messages as they came, undecoded."""

    batch: list[msgspec.Raw]
    writeKey: Any = None
    sentAt: Any = None


class One(msgspec.Struct, gc=False):
    """A single message: of its fields only what the door needs."""

    writeKey: Any = None
    sentAt: Any = None


class Reading:
    """How many bytes the bodies hold that are on their way in."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        self.size = 0


async def read(receive: Receive, reading: Reading, headers: Mapping[bytes, bytes]) -> bytes:
    """The whole body, unpacked. Raises ``Refused`` for one that is too large, too slow or broken."""
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding not in (b"", b"gzip", b"identity"):
        raise Refused(415, "Send the body as it is or packed with gzip.")
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > MAX_BATCH:
        raise Refused(413, _TOO_LARGE)
    message = await receive()  # the server lets go of who sends nothing at all
    if not message.get("more_body") and encoding != b"gzip" and message["type"] == "http.request":
        body = message.get("body", b"")
        if len(body) > MAX_BATCH:
            raise Refused(413, _TOO_LARGE)
        return bytes(body)
    try:
        return await asyncio.wait_for(_rest(message, receive, reading, encoding == b"gzip"), SECONDS)
    except TimeoutError:
        raise Refused(408, f"The body took longer than {SECONDS:.0f} s; send it again.") from None


async def _rest(message: Mapping[str, Any], receive: Receive, reading: Reading, gzipped: bool) -> bytes:
    unpack = zlib.decompressobj(wbits=31) if gzipped else None
    chunks: list[bytes] = []
    try:
        return await _joined(message, receive, reading, unpack, chunks)
    finally:
        reading.size -= sum(map(len, chunks))


async def _joined(
    message: Mapping[str, Any], receive: Receive, reading: Reading, unpack: Any, chunks: list[bytes]
) -> bytes:
    came = size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise Refused(400, "The request ended early.")
        chunk = message.get("body", b"")
        came += len(chunk)
        if unpack is not None:
            try:
                chunk = unpack.decompress(chunk, MAX_BATCH + 1)
            except zlib.error as error:
                raise Refused(400, f"The body is not gzip: {error}.") from error
        chunks.append(chunk)
        size += len(chunk)
        reading.size += len(chunk)
        if max(came, size) > MAX_BATCH:  # what follows the end of the gzip counts too
            raise Refused(413, _TOO_LARGE)
        if reading.size > MAX_READING:
            raise Refused(429, "Too much is under way; wait a second.", retry_after=1)
        if not message.get("more_body"):
            if unpack is not None and not unpack.eof:
                raise Refused(400, "The body is not gzip, or ends early.")
            return b"".join(chunks)
        message = await receive()


_TOO_LARGE = f"The body is larger than {MAX_BATCH // 1024} KB; send smaller batches."
