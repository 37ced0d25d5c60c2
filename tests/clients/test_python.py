"""Segment's and RudderStack's Python libraries, unmodified, against a running server."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import rudderstack.analytics.client as rudder
import segment.analytics.client as segment
from tests.clients.conftest import Shop
from tests.clients.story import AT, TRAITS, check, order, stranger


def segment_plain(shop: Shop) -> Any:
    return segment.Client(shop.key, host=shop.base, upload_interval=0.05)


def segment_gzip(shop: Shop) -> Any:
    return segment.Client(shop.key, host=shop.base, upload_interval=0.05, gzip=True)


def rudder_gzip(shop: Shop) -> Any:
    return rudder.Client(shop.key, host=shop.base, upload_interval=0.05)


def rudder_plain(shop: Shop) -> Any:
    return rudder.Client(shop.key, host=shop.base, upload_interval=0.05, gzip=False)


CLIENTS = [segment_plain, segment_gzip, rudder_gzip, rudder_plain]


def tell(client: Any, who: str) -> None:
    client.identify(who, dict(TRAITS), timestamp=AT)
    client.track(who, "Order Completed", order(who), timestamp=AT)
    client.page(who, "Shop", "Tea", {"url": "https://tea.example/green"}, timestamp=AT)
    client.screen(who, "App", "Basket", timestamp=AT)
    client.group(who, "acme", {"name": "ACME"}, timestamp=AT)
    client.alias(f"{who}-before", who, timestamp=AT)
    client.track(anonymous_id=stranger(who), event="Product Viewed", timestamp=AT)


@pytest.mark.parametrize("make", CLIENTS)
def test_everything_a_python_library_tells_is_in_the_lake_once(
    shop: Shop, make: Callable[[Shop], Any]
) -> None:
    client, who = make(shop), f"{make.__name__}-{uuid.uuid4().hex[:8]}"
    tell(client, who)
    client.flush()
    client.join()
    check(shop.collected(), who)


@pytest.mark.parametrize("make", CLIENTS)
def test_a_wrong_key_is_told_to_the_library_and_not_tried_again(
    shop: Shop, make: Callable[[Shop], Any]
) -> None:
    shop.key = "zy_wrong"
    client, told = make(shop), []
    client.on_error = lambda error, batch: told.append((error, len(batch)))
    for consumer in client.consumers:
        consumer.on_error = client.on_error
    client.track("ann", "Order Completed", order("ann"))
    client.flush()
    client.join()
    ((error, events),) = told
    assert (error.status, events) == (401, 1)
    assert "write key" in error.message
