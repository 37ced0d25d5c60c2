"""``/zhiyin.js``: the browser tag, public, cached by browsers and proxies, the same for everybody."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

PATH = "/zhiyin.js"
_SERVED = Path(__file__).with_name("zhiyin.min.js")  # made from zhiyin.js by tools/tag
_HEADERS = [
    # an hour old is fresh; for a day more a browser shows the old one while it fetches the new
    (b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400"),
    (b"access-control-allow-origin", b"*"),  # for pages that load it with crossorigin or check its integrity
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"accept-encoding"),
]

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Tag:
    """The ASGI application of the one file; read once, compressed once."""

    def __init__(self) -> None:
        self._plain = _SERVED.read_bytes()
        self._packed = gzip.compress(self._plain, 9, mtime=0)
        self._version = hashlib.sha256(self._plain).hexdigest()[:20]

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, [(b"allow", b"GET, HEAD")], b"")
            return
        asked = dict(scope["headers"])
        packed = b"gzip" in asked.get(b"accept-encoding", b"")
        etag = f'"{self._version}{"-gz" if packed else ""}"'.encode()
        headers = [*_HEADERS, (b"etag", etag)]
        if etag in asked.get(b"if-none-match", b""):
            await _answer(send, 304, headers, None)
            return
        headers.append((b"content-type", b"text/javascript; charset=utf-8"))
        if packed:
            headers.append((b"content-encoding", b"gzip"))
        body = self._packed if packed else self._plain
        await _answer(send, 200, headers, body, silent=scope["method"] == "HEAD")


async def _answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes | None, *, silent: bool = False
) -> None:
    if body is not None:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if silent or body is None else body})
