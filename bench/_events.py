"""Payloads as browsers and shops send them, for the benchmarks of collecting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI Language/zh_CN",
    "Mozilla/5.0 (Linux; Android 15; V2324A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
)
# of a hundred messages, so many are views of pages, then so many of each; in the sample of a real shop, REES46's of
# October 2019, one event in a hundred is a purchase
PAGES = 40
NAMES = (
    ("Product Viewed",) * 45 + ("Products Searched",) * 8 + ("Product Added",) * 5 + ("Order Completed",) * 2
)
START = datetime(2026, 3, 1, 8, tzinfo=UTC)


def message(rng: np.random.Generator, number: int, people: int, at: datetime) -> dict[str, Any]:
    """One message; three in ten name a customer, the others a visitor only."""
    who = int(rng.integers(people))
    kind, known = int(rng.integers(100)), int(rng.integers(10)) < 3
    page = {
        "path": f"/tea/{who % 97}", "referrer": "https://www.baidu.com/s?wd=tea", "search": "?utm_source=mail",
        "title": "明前龙井", "url": f"https://shop.example/tea/{who % 97}?utm_source=mail&utm_campaign=spring",
    }  # fmt: skip
    sent: dict[str, Any] = {
        "type": "page" if kind < PAGES else "track",
        "messageId": f"ajs-next-{number:012d}-{int(rng.integers(2**62)):016x}",
        "anonymousId": f"4499a2d9-4469-4ba6-8dca-{who:012d}",
        "userId": f"c{who}" if known else None,
        "timestamp": (at - timedelta(milliseconds=300)).isoformat().replace("+00:00", "Z"),
        "properties": {**page, "product_id": f"tea-{who % 997}", "price": 236.0, "currency": "CNY"},
        "context": {
            "page": page, "userAgent": AGENTS[who % len(AGENTS)], "locale": "zh-CN", "timezone": "Asia/Shanghai",
            "library": {"name": "analytics.js", "version": "next-1.84.3"},
        },
        "integrations": {},
    }  # fmt: skip
    if kind >= PAGES:
        sent["event"] = NAMES[kind - PAGES]
        if sent["event"] == "Order Completed":
            sent["properties"] = {
                "order_id": f"o{number}", "total": 236.0, "currency": "CNY",
                "products": [{"product_id": f"tea-{who % 997}", "quantity": 1, "price": 236.0}],
            }  # fmt: skip
    return sent


def entries(events: int, *, people: int, seed: int = 0, batch: int = 20) -> Iterator[bytes]:
    """Lines as the tracking API writes them, ``batch`` messages each, about 1,000 events a second."""
    rng = np.random.default_rng(seed)
    for start in range(0, events, batch):
        at = START + timedelta(milliseconds=start)
        many = [message(rng, number, people, at) for number in range(start, min(start + batch, events))]
        yield msgspec.json.encode(
            {
                "receivedAt": at, "source": "web", "sentAt": at - timedelta(milliseconds=100), "ip": "203.0.113.7",
                "userAgent": AGENTS[0], "kind": "batch", "body": {"batch": many},
            }
        )  # fmt: skip
