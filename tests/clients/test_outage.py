"""The server goes away and comes back: what the libraries kept meanwhile arrives, once."""

from __future__ import annotations

import json

import pytest
from tests.clients.conftest import Node, Server, Shop, Visits, ended
from tests.clients.story import check, facts, page_of_segment
from tests.clients.test_python import CLIENTS, tell

pytestmark = pytest.mark.browser


def test_an_outage_loses_nothing_and_doubles_nothing(
    shop: Shop, server: Server, node: Node, visit: Visits
) -> None:
    shopper = visit()
    shopper.sent_by(lambda: shopper.open("/before"))
    segment = visit(tag=page_of_segment(shop, "segment_next"))
    segment.page.goto(segment.site)
    segment.page.wait_for_function("() => window.tell")
    clients = {make.__name__: make(shop) for make in CLIENTS}

    server.down()
    for who, client in clients.items():
        tell(client, who)
    libraries = ("segment", "rudder")
    running = [
        node("send.mjs", name, shop.base, shop.key, f"{name}_node", facts(f"{name}_node"))
        for name in libraries
    ]
    with shopper.page.expect_event("requestfailed"):
        shopper.run("() => zy.track('Meanwhile')")
    with segment.page.expect_event("requestfailed"):
        segment.run("() => void window.tell()")
    (kept,) = (json.loads(text) for name, text in shopper.stored().items() if name.startswith("zy:"))
    server.up()

    for process in running:
        ended(process)
    for client in clients.values():
        client.flush()
        client.join()
    events = shop.collected(7 * 7 + 2)
    assert len(events) == 7 * 7 + 2
    for who in (*clients, "segment_node", "rudder_node", "segment_next"):
        check(events, who, at=None, device=who == "segment_next")
    (meanwhile,) = [event for event in events if event["event"] == "Meanwhile"]
    assert meanwhile["event_id"] == kept["messageId"]
