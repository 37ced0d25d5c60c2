"""Live membership with the records on PostgreSQL: the same as on SQLite."""

from __future__ import annotations

import pytest
from tests.services.live import Day, held

from zhiyin.adapters.records.models import Wake
from zhiyin.services import memberships, privacy, segments
from zhiyin.services.workspace import Workspace

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


def test_people_enter_and_leave_and_are_told_about(postgres_workspace: Workspace) -> None:
    day = Day(postgres_workspace)
    day.segment("views", 'did("Product Viewed", within="1h")')
    day.segment("wuxi", 'city == "Wuxi" and not did("Order Completed")')
    for who in ("ann", "bob"):
        day.happens("Product Viewed", who)
        day.happens("identify", who, city="Wuxi")
    day.work()
    assert (day.inside("views"), day.inside("wuxi")) == (["ann", "bob"], ["ann", "bob"])
    day.happens("Order Completed", "ann", amount=100)
    day.later(minutes=30)
    day.happens("Product Viewed", "bob")
    day.later(minutes=31)
    assert (day.inside("views"), day.inside("wuxi")) == (["bob"], ["bob"])
    assert [one.segment.key for one in memberships.of_customer(day.ws, "bob")] == ["views", "wuxi"]
    segments.update(day.ws, "wuxi", rule="orders >= 1")
    day.work()
    assert day.inside("wuxi") == ["ann"]
    assert len(day.told()) == 8
    assert Wake.objects.count() == 1
    privacy.erase(day.ws, "bob")
    assert held(["bob"]) == 0
