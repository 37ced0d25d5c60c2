"""What every client tells in these tests, and what must be in the lake afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from tests.clients.conftest import HERE, Shop, bundled

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
TRAITS = {"email": "yue@example.com", "name": "张月", "plan": "gold"}
SCREEN = ("screen", "Basket")


def order(who: str) -> dict[str, Any]:
    """What she ordered; every client tells of another order, since one counts once."""
    return {
        "order_id": f"1001-{who}",
        "total": 25.5,
        "currency": "CNY",
        "products": [{"product_id": "tea-7", "quantity": 2, "price": 12.75}],
    }


def facts(who: str) -> str:
    """What a script has to know to tell the story."""
    return json.dumps({"at": AT.isoformat(), "order": order(who), "traits": TRAITS})


def stranger(who: str) -> str:
    """The anonymous id under which the same client reports somebody unknown."""
    return f"{who}-stranger"


def expected(who: str, *, screen: bool = True) -> list[tuple[str, str]]:
    """Type and name of every event, as a sorted list: nothing missing, nothing double."""
    said = [
        ("identify", "identify"),
        ("track", "Order Completed"),
        ("page", "Tea"),
        ("group", "group"),
        ("alias", "alias"),
        ("track", "Product Viewed"),
    ]
    return sorted([*said, SCREEN] if screen else said)


def check(
    events: list[dict[str, Any]],
    who: str,
    *,
    screen: bool = True,
    at: datetime | None = AT,
    device: bool = False,
) -> None:
    """Every event of ``expected`` is there once, with its person, its time and its properties.

    On one ``device`` the stranger turns out to be the customer, by requests that may overtake each other.
    """
    mine = [event for event in events if who in (event["customer_id"] or event["anonymous_id"])]
    assert sorted((event["type"], event["event"]) for event in mine) == expected(who, screen=screen)
    by_type = {(event["type"], event["event"]): event for event in mine}
    viewed = by_type.pop(("track", "Product Viewed"))
    assert viewed["anonymous_id"] == stranger(who)
    assert viewed["customer_id"] is None or (device and viewed["customer_id"] == who)
    assert {event["customer_id"] for event in by_type.values()} == {who}
    told = by_type["track", "Order Completed"]
    assert (told["order_id"], told["amount"], told["currency"]) == (f"1001-{who}", 2550, "CNY")
    properties = {type_: event["properties"] for (type_, _), event in by_type.items()}
    assert properties["identify"].items() >= TRAITS.items()
    assert properties["page"]["url"] == "https://tea.example/green"
    assert (properties["group"]["groupId"], properties["group"]["traits"]["name"]) == ("acme", "ACME")
    assert properties["alias"]["previousId"] == f"{who}-before"
    if at is not None:
        late = [
            event for event in mine if abs(event["timestamp"].replace(tzinfo=UTC) - at) > timedelta(minutes=1)
        ]
        assert late == []


def page_of_segment(shop: Shop, who: str) -> str:
    """The script element of a page that tells the story through Segment's library once ``tell()`` is called."""
    data = {
        "key": shop.key,
        "host": shop.base.removeprefix("http://") + "/v1",
        "who": who,
        "facts": facts(who),
    }
    attributes = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())
    return f"<script {attributes}>{bundled((HERE / 'next.js').read_text('utf-8'))}</script>"
