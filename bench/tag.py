"""The size of the browser tag as the server sends it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from zhiyin.entrypoints.api.tag import PATH, Tag


def main() -> list[dict[str, Any]]:
    """Asked for twice, as browsers do and as a client without gzip; sizes of the bodies in KB of 1,000 bytes."""
    rows = [
        {"what": "browser tag, gzipped", "value": round(size("gzip") / 1000, 2), "unit": "KB", "bar": "< 5"},
        {"what": "browser tag, plain", "value": round(size("identity") / 1000, 2), "unit": "KB", "bar": ""},
    ]
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']} (bar {row['bar']})")
    return rows


def size(coding: str) -> int:
    """Bytes of the tag's body for a client that accepts the coding."""
    sent: list[Mapping[str, Any]] = []

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b""}

    headers = [(b"accept-encoding", coding.encode())]
    scope = {"type": "http", "method": "GET", "path": PATH, "headers": headers}
    asyncio.run(Tag()(scope, receive, send))
    return sum(len(message.get("body", b"")) for message in sent)


if __name__ == "__main__":
    main()
