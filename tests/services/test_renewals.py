"""Customers whom events moved are described anew, and the segments that compare features follow."""

from __future__ import annotations

from datetime import timedelta

from tests.services.live import Day

from zhiyin.adapters.records.models import Customer
from zhiyin.services import profiles, renewals, work
from zhiyin.services.workspace import Workspace


def test_features_that_only_profiling_finds_move_memberships_without_a_full_run(workspace: Workspace) -> None:
    day = Day(workspace)
    day.segment("returning", "returns >= 1")
    day.happens("Product Viewed", "bob")
    profiles.run(day.ws)
    day.now += timedelta(minutes=1)
    day.happens("Order Completed", amount=100)
    day.happens("Order Refunded", amount=100)
    day.work()
    assert day.inside("returning") == []
    assert renewals.renew(day.ws) == 1  # bob was described since he was seen
    day.work()
    assert day.inside("returning") == ["ann"]
    assert renewals.renew(day.ws) == 0


def test_nobody_is_described_before_all_were_once(workspace: Workspace) -> None:
    day = Day(workspace)
    day.happens("Product Viewed")
    assert renewals.renew(day.ws) == 0
    assert Customer.objects.get().profiled_at is None


def test_the_longest_waiting_come_first(workspace: Workspace) -> None:
    day = Day(workspace)
    profiles.run(day.ws)
    for who in ("eve", "bob", "ann"):
        day.now += timedelta(minutes=1)
        day.happens("Product Viewed", who)
    assert renewals.renew(day.ws, limit=2) == 2
    waiting = Customer.objects.filter(profiled_at__isnull=True)
    assert [row.pk for row in waiting] == ["ann"]


def test_the_worker_describes_people_anew_when_the_pause_is_over(workspace: Workspace) -> None:
    day = Day(workspace)
    profiles.run(day.ws)
    day.now += timedelta(seconds=1)
    day.happens("Product Viewed")
    left = iter((30, 29, 2, 0))
    described = []

    def wait(seconds: float) -> bool:
        described.append(Customer.objects.get().profiled_at is not None)
        day.now += timedelta(seconds=(ahead := next(left)))
        return ahead == 0

    work.run(day.ws, wait)
    assert described == [False, False, False, True]
