"""The server goes away and comes back: what the libraries kept meanwhile arrives, once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.clients.conftest import Node, Server, Shop, Visit, ended
from tests.clients.story import AT, ORDER, TRAITS, check
from tests.clients.test_python import CLIENTS, tell

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("clients")]


def test_an_outage_loses_nothing_and_doubles_nothing(
    shop: Shop, server: Server, node: Node, chromium: Any
) -> None:
    shopper = Visit(shop, chromium)
    shopper.sent_by(lambda: shopper.open("/before"))
    clients = {make.__name__: make(shop) for make in CLIENTS}

    server.down()
    for who, client in clients.items():
        tell(client, who)
    facts = json.dumps({"at": AT.isoformat(), "order": ORDER, "traits": TRAITS})
    libraries = ("segment", "rudder")
    running = [node("send.mjs", name, shop.base, shop.key, f"{name}_node", facts) for name in libraries]
    with shopper.page.expect_event("requestfailed"):
        shopper.run("() => zy.track('Meanwhile')")
    (kept,) = (json.loads(text) for name, text in shopper.stored().items() if name.startswith("zy:"))
    server.up()

    for process in running:
        ended(process)
    for client in clients.values():
        client.flush()
        client.join()
    events = shop.collected(7 * 6 + 2)
    shopper.close()
    assert len(events) == 7 * 6 + 2
    for who in (*clients, "segment_node", "rudder_node"):
        check(events, who, at=None)
    (meanwhile,) = [event for event in events if event["event"] == "Meanwhile"]
    assert meanwhile["event_id"] == kept["messageId"]
