"""Profiling a workspace: everyone known gets a profile, in the lake and in records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Consent, Customer
from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, Event
from zhiyin.services import profiles
from zhiyin.services.workspace import Workspace


def happened(ws: Workspace, *rows: tuple[str, str | None, float, int | None]) -> None:
    """Append events: name, customer, days ago, amount."""
    now = ws.now()
    events = [
        Event(f"{name}:{i}", "track", name, now - timedelta(days=days), customer, amount=amount)
        for i, (name, customer, days, amount) in enumerate(rows)
    ]
    table = events_to_table(events, timezone=ws.timezone, received_at=now)
    ws.lake.append("events", table, app_id=f"test:{len(rows)}", version=1)


def known(ws: Workspace, *ids: str, **fields: object) -> Sequence[Customer]:
    return Customer.objects.bulk_create([Customer(customer_id=i, **fields) for i in ids])


def test_revenue_is_orders_less_refunds_and_cancellations(workspace: Workspace) -> None:
    happened(
        workspace,
        (ORDER_COMPLETED, "ann", 40, 10_000),
        (ORDER_COMPLETED, "ann", 30, 5_001),
        (ORDER_COMPLETED, "ann", 20, 7_000),
        (ORDER_REFUNDED, "ann", 10, 1_000),
        (ORDER_CANCELLED, "ann", 5, 7_000),
        ("Product Viewed", None, 1, None),
    )
    result = profiles.run(workspace)
    ann = Customer.objects.get(pk="ann")
    assert (ann.orders, ann.revenue, ann.average_order_value) == (2, 14_001, 7_000)
    assert (ann.recency_days, ann.lifecycle) == (20, "at_risk")
    assert (result.customers, result.buyers, result.revenue, result.gap_days) == (1, 1, 14_001, 10)


def test_everyone_known_from_either_side_is_profiled(workspace: Workspace) -> None:
    known(workspace, "quiet", email="quiet@example.com", traits={"city": "上海", "size": 3, "tags": ["x"]})
    Consent.objects.create(
        customer_id="quiet", channel="email", granted=True, at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    happened(workspace, ("Product Viewed", "new", 3, None))
    profiles.run(workspace)
    rows = workspace.lake.collect(workspace.lake.profiles().sort("customer_id")).to_pylist()
    assert [row["customer_id"] for row in rows] == ["new", "quiet"]
    assert rows[1]["email"] == "quiet@example.com"
    assert rows[1]["email_consent"] is True
    assert json.loads(rows[1]["traits"]) == {"city": "上海", "size": "3", "tags": "\x1fx\x1f"}
    assert (rows[0]["email"], rows[0]["lifecycle"], rows[0]["orders"]) == (None, "lead", 0)
    new = Customer.objects.get(pk="new")
    assert new.created_at == new.first_seen
    assert (new.traits, new.email) == ({}, "")


def test_profiling_again_leaves_what_is_not_computed_alone(workspace: Workspace) -> None:
    known(workspace, "ann", email="ann@example.com", name="Ann", traits={"vip": True})
    happened(workspace, (ORDER_COMPLETED, "ann", 1, 500))
    first = profiles.run(workspace)
    second = profiles.run(workspace)
    ann = Customer.objects.get(pk="ann")
    assert (ann.email, ann.name, ann.traits, ann.orders) == ("ann@example.com", "Ann", {"vip": True}, 1)
    assert first.lifecycle == second.lifecycle
    assert workspace.lake.count("profiles") == 1


def test_totals_count_everyone_once(workspace: Workspace) -> None:
    known(workspace, "lead")
    happened(
        workspace,
        (ORDER_COMPLETED, "ann", 400, 100),
        (ORDER_COMPLETED, "bob", 1, 100),
        (ORDER_COMPLETED, "bob", 31, 100),
    )
    profiles.run(workspace)
    found = profiles.totals(workspace)
    assert found["lifecycle"] == {
        "lead": 1, "new": 0, "active": 1, "at_risk": 0, "lapsed": 1, "won_back": 0,
    }  # fmt: skip
    assert sum(found["rfm_groups"].values()) == found["buyers"] == 2
    assert sum(cell["customers"] for cell in found["heat"]) == 2
    assert found["revenue"] == 300


def test_an_empty_shop_has_an_empty_profile(workspace: Workspace) -> None:
    result = profiles.run(workspace)
    assert (result.customers, result.buyers, result.gap_days) == (0, 0, None)
    assert profiles.totals(workspace)["profiled_at"] is None
