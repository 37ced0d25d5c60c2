"""Payloads of the Segment spec: an event or a reject, never an exception, never an invention."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.event import Event, Line
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.payload import moment, understand

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def take(payload: dict[str, Any], sent_at: str | None = None) -> Event | Reject:
    base = {"type": "track", "event": "Viewed", "userId": "ann", "messageId": "m1"}
    return understand(
        {**base, **payload}, received_at=RECEIVED, sent_at=sent_at, currency="CNY", source="web"
    )


def test_an_order_is_understood_with_its_lines() -> None:
    event = take(
        {
            "event": "Order Completed",
            "properties": {
                "order_id": 7,
                "total": "12.50",
                "coupon": "SPRING",
                "products": [{"product_id": "tea", "quantity": 2, "price": 6.25, "category": "Tea"}],
            },
        }
    )
    assert isinstance(event, Event)
    assert (event.order_id, event.amount, event.currency) == ("7", 1250, "CNY")
    assert event.products == (Line("tea", 2, 625, "Tea"),)
    assert event.properties == {"order_id": 7, "total": "12.50", "coupon": "SPRING"}


def test_a_viewed_product_is_a_line() -> None:
    event = take({"event": "Product Viewed", "properties": {"product_id": "tea", "price": 3}})
    assert isinstance(event, Event)
    assert event.products == (Line("tea", 1, 300, None),)


def test_traits_of_identify_come_from_the_context_too() -> None:
    event = take({"type": "identify", "context": {"traits": {"city": "Hangzhou"}}, "traits": {"age": 31}})
    assert isinstance(event, Event)
    assert event.properties == {"city": "Hangzhou", "age": 31}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"type": "vote"}, "unknown_type"),
        ({"userId": None}, "missing_id"),
        ({"userId": "undefined", "anonymousId": ""}, "missing_id"),
        ({"messageId": ""}, "missing_field"),
        ({"event": ""}, "missing_field"),
        ({"timestamp": "yesterday"}, "bad_date"),
        ({"timestamp": "2026-04-01T00:00:00Z"}, "bad_date"),
        ({"properties": {"revenue": "much"}}, "bad_number"),
        ({"properties": {"revenue": -1}}, "negative_price"),
        ({"properties": {"products": "tea"}}, "bad_number"),
        ({"properties": ["a"]}, "bad_row"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_reason(payload: dict[str, Any], reason: str) -> None:
    result = take(payload)
    assert isinstance(result, Reject)
    assert result.reason == reason


@pytest.mark.parametrize(
    ("at", "sent", "expected"),
    [
        ("2026-03-01T11:59:00Z", "2026-03-01T11:59:30Z", "2026-03-01T11:59:00+00:00"),  # clocks agree
        (
            "2026-03-01T13:59:00Z",
            "2026-03-01T14:00:00Z",
            "2026-03-01T11:59:00+00:00",
        ),  # client two hours ahead
        (
            "2026-02-01T00:00:00Z",
            "2026-03-01T12:00:00Z",
            "2026-02-01T00:00:00+00:00",
        ),  # history stays history
        ("2026-03-01T12:01:00Z", None, "2026-03-01T12:00:00+00:00"),  # never after it was received
    ],
)
def test_the_moment_is_corrected_for_the_clients_clock(at: str, sent: str | None, expected: str) -> None:
    assert moment({"timestamp": at}, sent_at=sent, received_at=RECEIVED).isoformat() == expected


@given(
    st.dictionaries(
        st.sampled_from(["type", "event", "userId", "anonymousId", "messageId", "timestamp", "properties"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    )
)
def test_any_payload_gives_an_event_or_a_reject(payload: dict[str, Any]) -> None:
    assert isinstance(take(payload), Event | Reject)


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "identify", "traits": [1]},
        {"type": "identify", "context": {"traits": "x"}},
        {"properties": {"total": "1e30"}},
        {"properties": {"total": "1e999999"}},
        {"properties": {"products": [{"product_id": "tea", "quantity": 1e300}]}},
        {"properties": {"products": [{"product_id": "tea", "price": "1e30"}]}},
        {"timestamp": "1990-01-01T00:00:00Z", "sentAt": "8999-01-01T00:00:00Z"},
        {"timestamp": "2020-01-01T00:00:00Z", "sentAt": "3500-01-01T00:00:00Z"},
        {"userId": "a\x00b"},
    ],
)
def test_what_no_table_could_hold_is_a_reject(payload: dict[str, Any]) -> None:
    assert isinstance(take(payload), Reject)
