"""Profiles and erasure on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Customer
from zhiyin.domain.event import ORDER_COMPLETED, Event
from zhiyin.services import privacy, profiles, segments
from zhiyin.services.workspace import Workspace

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def history(ws: Workspace) -> Workspace:
    """Ann ordered twice, Bob, who has no row yet, once; Cho only exists."""
    ws = replace(ws, now=lambda: NOW)
    Customer.objects.create(customer_id="ann", email="ann@example.com", traits={"city": "上海"})
    Customer.objects.create(customer_id="cho")
    rows = (("ann", 40), ("ann", 10), ("bob", 3))
    events = [
        Event(f"o{i}", "track", ORDER_COMPLETED, NOW - timedelta(days=days, microseconds=i), who, amount=100)
        for i, (who, days) in enumerate(rows)
    ]
    table = events_to_table(events, timezone=ws.timezone, received_at=NOW)
    ws.lake.append("events", table, app_id="test", version=1)
    return ws


def test_everyone_gets_a_row(postgres_workspace: Workspace) -> None:
    ws = history(postgres_workspace)
    first = replace(profiles.run(ws), seconds=0)
    assert replace(profiles.run(ws), seconds=0) == first
    rows = {row["customer_id"]: row for row in Customer.objects.values()}
    assert set(rows) == {"ann", "bob", "cho"}
    assert rows["ann"]["last_order_at"] == NOW - timedelta(days=10, microseconds=1)
    assert (rows["ann"]["orders"], rows["ann"]["revenue"], rows["ann"]["traits"]) == (
        2,
        200,
        {"city": "上海"},
    )
    assert (rows["bob"]["created_at"], rows["bob"]["lifecycle"]) == (rows["bob"]["first_seen"], "new")
    assert (rows["cho"]["lifecycle"], rows["cho"]["rfm_group"], rows["cho"]["r"]) == ("lead", "", None)
    assert first.lifecycle["lead"] == 1
    assert segments.members(ws, 'city == "上海" or orders == 1') == ["ann", "bob"]


def test_erasure(postgres_workspace: Workspace) -> None:
    ws = history(postgres_workspace)
    profiles.run(ws)
    privacy.erase(ws, "ann")
    profiles.run(ws)
    assert sorted(Customer.objects.values_list("pk", flat=True)) == ["bob", "cho"]
