"""Requests to the tracking API from a seeded generator: sane ones, odd ones, and what is hardly HTTP."""

from __future__ import annotations

import base64
import gzip
import json
import random
from typing import Any

PATHS = [
    f"/v1/{name}" for name in ("track", "identify", "page", "screen", "group", "alias", "batch", "import")
]
TEXTS = (
    "", "下单成功", "🛒✨", "\x00", "\ud800", "a" * 300, "undefined", "null", "NaN", "<script>", "' OR 1=1 --", "=1+1",
    "../../etc/passwd", "ann@example.com", "\u202e", "İ", "\r\n", "%00", "${x}", "Order Completed", "12,50", "-0", "1e999",
)  # fmt: skip
TIMES = (
    "1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "0001-01-01", "9999-12-31T23:59:59+14:00", "2026-02-30", "now",
    1e308, -1, 0, 1_795_304_416_276, "2026-03-01T10:00:00.123456789Z", None, [], {},
)  # fmt: skip


class Requests:
    """A generator of requests, the same for the same seed. ``names`` is how many property names it has made up."""

    def __init__(self, seed: int, key: str) -> None:
        self.rng, self.key = random.Random(seed), key
        self.seed, self.names = seed, 0

    def next(self) -> list[bytes]:
        """The parts of a request, sent one after the other; the last is empty where the client leaves early."""
        rng = self.rng
        kind = rng.randrange(100)
        path = rng.choice(PATHS)
        if kind < 55:
            body = self.encoded(self.sane(path))
        elif kind < 75:
            body = self.spoilt(self.encoded(self.sane(path)))
        elif kind < 80:
            body = rng.choice((b"[", b'{"a":', b'{"batch":[')) * rng.choice((10, 1_000, 50_000))
        elif kind < 82:
            return self.large(path)
        elif kind < 88:
            return self.broken(path)
        else:
            body = self.encoded(self.value(5))
        if rng.random() < 0.15:
            packed = gzip.compress(body, 1)
            if rng.random() < 0.3:
                packed = packed[: rng.randrange(len(packed))]
            return self.varied(path, packed, "Content-Encoding: gzip")
        return self.varied(path, body)

    def sane(self, path: str) -> Any:
        """A body that mostly follows the spec."""
        if path in ("/v1/batch", "/v1/import"):
            batch = [self.message() for _ in range(self.rng.choice((1, 3, 20, 100)))]
            if self.rng.random() < 0.5:
                batch[self.rng.randrange(len(batch))] = self.value(3)
            return {"batch": batch, "sentAt": self.rng.choice(TIMES)}
        return self.message()

    def message(self) -> dict[str, Any]:
        """A message, most of whose fields are what they should be."""
        rng = self.rng
        self.names += 8
        fresh = {f"p{self.seed}-{self.names - n}": rng.random() for n in range(8)}
        made: dict[str, Any] = {
            "type": rng.choice(("track", "identify", "page", "screen", "group", "alias")),
            "messageId": f"{self.seed}-{rng.randrange(10**7)}",
            "userId": f"c{rng.randrange(500)}",
            "anonymousId": f"a{rng.randrange(500)}",
            "event": rng.choice(("Order Completed", "Product Viewed", "Order Refunded", *TEXTS)),
            "properties": fresh | {"total": rng.choice((10, "12.50", -1, 1e300, None, "x")), "order_id": rng.choice(TEXTS)},
            "traits": fresh if rng.random() < 0.2 else {"email": rng.choice(TEXTS)},
        }  # fmt: skip
        for _ in range(rng.choice((0, 0, 0, 1, 2))):
            field = rng.choice((*made, "context", "timestamp", "sentAt", "previousId", "groupId", "name"))
            made[field] = rng.choice(TIMES) if field in ("timestamp", "sentAt") else self.value(3)
        return made

    def value(self, depth: int) -> Any:
        """Any JSON value."""
        rng = self.rng
        kind = rng.randrange(9 if depth else 6)
        if kind < 2:
            return rng.choice(TEXTS)
        if kind < 6:
            return rng.choice(
                (None, True, False, 0, -1, 2**63, 10**40, 0.1, 1e308, float("nan"), float("-inf"))
            )
        if kind == 6:
            return [self.value(depth - 1) for _ in range(rng.randrange(4))]
        return {
            rng.choice((*TEXTS, "userId", "batch", "type")): self.value(depth - 1)
            for _ in range(rng.randrange(5))
        }

    def encoded(self, value: Any) -> bytes:
        """JSON as Python writes it, with NaN and half characters."""
        return json.dumps(value, ensure_ascii=self.rng.random() < 0.5).encode("utf-8", "surrogatepass")

    def spoilt(self, body: bytes) -> bytes:
        """The body with some bytes changed, cut or added."""
        rng, spoilt = self.rng, bytearray(body)
        for _ in range(rng.choice((1, 1, 2, 8))):
            at = rng.randrange(len(spoilt) + 1)
            match rng.randrange(4):
                case 0:
                    del spoilt[at:]
                case 1:
                    spoilt[at:at] = rng.randbytes(rng.randrange(1, 9))
                case 2:
                    del spoilt[at : at + rng.randrange(1, 9)]
                case _:
                    spoilt[at:at] = rng.choice(
                        (b"\x00", b"\xff", b"\n", b'"', b"{", b"]", b"\\u0000", b"NaN", b"\xed\xa0\x80")
                    )
        return bytes(spoilt)

    def large(self, path: str) -> list[bytes]:
        """Bombs and bodies of megabytes."""
        match self.rng.randrange(4):
            case 0:
                return self.varied(path, _BOMB, "Content-Encoding: gzip")
            case 1:
                return [self.head(path, "Content-Length: 10000000"), b"x" * 100_000]
            case 2:
                return [
                    self.head(path, "Transfer-Encoding: chunked"),
                    *[b"186a0\r\n" + b" " * 100_000 + b"\r\n"] * 10,
                ]
            case _:
                return self.varied(path, b'{"batch":[' + b"1," * 200_000 + b"1]}")

    def broken(self, path: str) -> list[bytes]:
        """Requests that are hardly HTTP."""
        rng = self.rng
        match rng.randrange(9):
            case 0:
                return [rng.randbytes(rng.randrange(1, 2_000))]
            case 1:
                return [
                    self.head(
                        path, *[f"X-{n}: {'y' * rng.randrange(400)}" for n in range(rng.randrange(500))]
                    )
                ]
            case 2:
                return [
                    self.head(path, "X: " + "x" * rng.choice((1_000, 60_000, 300_000)), "Content-Length: 0")
                ]
            case 3:
                return [
                    self.head(
                        path, f"Content-Length: {rng.choice(('-1', '1e3', '9' * 30, '0x10', '', '3, 3'))}"
                    ),
                    b"{}",
                ]
            case 4:
                return [self.head(path, "Content-Length: 2", "Content-Length: 3"), b"{}}"]
            case 5:
                return [
                    self.head(path, "Transfer-Encoding: chunked", "Content-Length: 5"),
                    b"2\r\n{}\r\n0\r\n\r\n",
                ]
            case 6:
                return [
                    self.head(path, "Transfer-Encoding: chunked"),
                    rng.choice((b"zz\r\n", b"-1\r\n", b"f" * 30 + b"\r\n")),
                ]
            case 7:
                target = rng.choice(
                    (
                        "/v1/",
                        "/v1/%00",
                        "/v1/\xff",
                        "/v1/track/../batch",
                        "*",
                        "http://a/v1/t",
                        "/v1/" + "x" * 9_000,
                    )
                )
                return [
                    f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode(
                        "latin-1"
                    )
                ]
            case _:
                method = rng.choice(
                    ("GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PATCH", "CONNECT", "BREW", "PRI")
                )
                return [f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()]

    def varied(self, path: str, body: bytes, *headers: str) -> list[bytes]:
        """The request in one of the ways in which bodies come."""
        rng = self.rng
        if rng.random() < 0.1:
            path = (
                path[:5] if rng.random() < 0.5 else path + rng.choice(("/", "//", "?writeKey=x", "%20", "x"))
            )
        extra = rng.choice(
            ((), (), ("Expect: 100-continue",), ("Content-Type: text/plain",), ("X-Forwarded-For: 1.2.3.4, x",),
             ("Upgrade: websocket", "Connection: Upgrade"), ("User-Agent: \xff\xfe\x80",),
             ("User-Agent: a", "User-Agent: b"))
        )  # fmt: skip
        how = rng.random()
        if how < 0.1:
            size = rng.choice((1, 7, 1_000)) if len(body) < 5_000 else 10_000
            parts = [body[n : n + size] for n in range(0, len(body), size)]
            chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
            return [self.head(path, "Transfer-Encoding: chunked", *headers, *extra), chunks + b"0\r\n\r\n"]
        request = self.request(path, body, *headers, *extra)
        if how < 0.15:
            return [request[: rng.randrange(len(request))], b""]
        if how < 0.2:
            at = rng.randrange(len(request))
            return [request[:at], request[at:]]
        return [request]

    def request(self, path: str, body: bytes, *headers: str) -> bytes:
        """A whole request."""
        return self.head(path, f"Content-Length: {len(body)}", *headers) + body

    def head(self, path: str, *headers: str) -> bytes:
        """Its beginning, mostly with the key."""
        basic = base64.b64encode(f"{self.key}:".encode()).decode()
        good = (f"Basic {basic}", f"Bearer {self.key}", f"bearer  {self.key} ")
        bad = ("", "Bearer x", "Basic ???", "Basic " + "A" * 5_000, "Digest a", f"Bearer {self.key}x")
        key = self.rng.choice(good if self.rng.random() < 0.93 else bad)
        lines = [
            f"POST {path} HTTP/1.1",
            "Host: shop",
            f"Authorization: {key}",
            "Connection: close",
            *headers,
        ]
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"


_BOMB = gzip.compress(b" " * 20_000_000, 9)
