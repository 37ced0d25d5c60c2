"""Live membership: true a moment after the event, told once, and the same as in batch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.services.live import NOON, Day, held

from zhiyin.adapters.records.models import Segment, Touched, Transition, Wake
from zhiyin.loop.profile import segment_frame
from zhiyin.services import memberships, privacy, profiles, segments, sizes
from zhiyin.services.workspace import Workspace


@pytest.fixture
def day(workspace: Workspace) -> Day:
    return Day(workspace)


def test_whoever_does_it_enters_and_it_is_told(day: Day) -> None:
    day.segment("buyers", 'did("Order Completed", at_least=2)')
    day.happens("Order Completed")
    day.work()
    assert day.inside("buyers") == []
    day.happens("Order Completed")
    day.work()
    assert day.inside("buyers") == ["ann"]
    assert memberships.since(day.ws, "buyers", "ann") == NOON
    assert day.told() == [("Entered", "buyers", "ann")]


def test_whoever_no_longer_fits_leaves_and_it_is_told(day: Day) -> None:
    day.segment("lookers", 'did("Product Viewed") and not did("Order Completed")')
    day.happens("Product Viewed")
    day.work()
    assert day.inside("lookers") == ["ann"]
    day.happens("Order Completed")
    day.work()
    assert day.inside("lookers") == []
    assert day.told() == [("Entered", "lookers", "ann"), ("Exited", "lookers", "ann")]


def test_a_window_that_closes_is_noticed_without_an_event(day: Day) -> None:
    day.segment("lately", 'did("Product Viewed", within="1h")')
    day.happens("Product Viewed")
    day.work()
    day.later(minutes=59)
    assert day.inside("lately") == ["ann"]
    day.later(minutes=1)
    assert day.inside("lately") == []
    assert not Wake.objects.exists()


def test_a_window_that_opens_is_noticed_without_an_event(day: Day) -> None:
    day.segment("thinking", 'did("Product Added", before="30m") and not did("Order Completed")')
    day.happens("Product Added")
    day.work()
    assert day.inside("thinking") == []
    day.later(minutes=30)
    assert day.inside("thinking") == ["ann"]


def test_a_wake_that_comes_too_early_sets_the_next(day: Day) -> None:
    day.segment("twice", 'did("Product Viewed", at_least=2, within="1h")')
    for _ in range(3):
        day.happens("Product Viewed")
        day.work()
        day.later(minutes=20)
    day.later(minutes=1)  # an hour after the first of three
    assert day.inside("twice") == ["ann"]
    day.later(minutes=20)
    assert day.inside("twice") == []


def test_a_new_customer_is_in_the_segments_of_those_who_did_nothing(day: Day) -> None:
    day.segment("not-yet", 'not did("Order Completed")')
    day.happens("Product Viewed")
    day.work()
    assert day.inside("not-yet") == ["ann"]


def test_what_is_stated_or_agreed_moves_memberships(day: Day) -> None:
    day.segment("wuxi", 'city == "Wuxi"')
    day.segment("willing", "email_consent == True")
    day.happens("identify", city="Suzhou")
    day.work()
    assert (day.inside("wuxi"), day.inside("willing")) == ([], [])
    day.happens("identify", city="Wuxi", email_consent=True)
    day.work()
    assert (day.inside("wuxi"), day.inside("willing")) == (["ann"], ["ann"])


def test_sums_follow_each_order(day: Day) -> None:
    day.segment("rich", "revenue >= 300 and orders >= 2")
    for amount in (100, 200):
        day.happens("Order Completed", amount=amount)
        day.work()
    assert day.inside("rich") == ["ann"]
    day.happens("Order Refunded", amount=1)
    day.work()
    assert day.inside("rich") == []


def test_an_event_has_only_those_segments_looked_at_that_listen_to_it(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = {"views": 'did("Product Viewed")', "orders": "orders >= 1", "wuxi": 'city == "Wuxi"'}
    for key, rule in rules.items():
        day.segment(key, rule)
    day.happens("Product Searched")
    day.work()
    looked_at: list[list[Any]] = []
    plan = segment_frame.plan

    def spy(given: Any, *args: Any, **kwargs: Any) -> Any:
        looked_at.append(list(given))
        return plan(given, *args, **kwargs)

    monkeypatch.setattr(segment_frame, "plan", spy)
    for event, key in (("Product Viewed", "views"), ("Order Completed", "orders"), ("identify", "wuxi")):
        looked_at.clear()
        day.happens(event, city="Wuxi")
        memberships.step(day.ws)
        assert looked_at == [[segments.rule_of(rules[key])]]
    looked_at.clear()
    day.happens("Product Searched")
    assert memberships.step(day.ws) == 0
    assert looked_at == []


def test_a_segment_that_asks_for_its_own_events_comes_to_rest(day: Day) -> None:
    day.segment("restless", 'did("Segment Entered") or not did("Segment Exited")')
    day.happens("Product Viewed")
    assert day.work() > 0
    assert day.inside("restless") == ["ann"]
    assert not Touched.objects.exists()
    assert day.work() == 0


def test_an_event_that_comes_three_days_late_counts_for_what_its_time_says(day: Day) -> None:
    day.segment("week", 'did("Order Completed", within="7d")')
    day.segment("yesterday", 'did("Order Completed", within="2d")')
    day.happens("Order Completed", ago=timedelta(days=3))
    day.work()
    assert (day.inside("week"), day.inside("yesterday")) == (["ann"], [])
    for _ in range(5):
        day.later(days=1)
    assert day.inside("week") == []


def test_nothing_is_left_of_whoever_is_erased(day: Day) -> None:
    day.segment("views", 'did("Product Viewed", within="1h")')
    for who in ("ann", "bob"):
        day.happens("Product Viewed", who)
    day.work()
    day.happens("Product Viewed", "ann")  # touched, and erased before anybody looks
    assert held(["ann"]) == 4
    privacy.erase(day.ws, "ann")
    day.work()
    assert (held(["ann"]), day.inside("views")) == (0, ["bob"])
    assert day.told() == [("Entered", "views", "bob")]


def test_who_is_there_at_the_start_did_not_enter(day: Day) -> None:
    day.happens("Product Viewed")
    profiles.run(day.ws)
    day.segment("views", 'did("Product Viewed")')
    day.work()
    assert (day.inside("views"), day.told()) == (["ann"], [])


def test_another_rule_moves_people_who_are_told_about(day: Day) -> None:
    day.happens("Product Viewed", "ann")
    day.happens("Order Completed", "bob")
    day.segment("some", 'did("Product Viewed")')
    segments.update(day.ws, "some", rule='did("Order Completed")')
    day.work()
    assert day.inside("some") == ["bob"]
    assert day.told() == [("Entered", "some", "bob"), ("Exited", "some", "ann")]


def test_a_segment_follows_the_rule_of_one_that_it_names(day: Day) -> None:
    day.happens("Product Viewed", "ann")
    day.happens("Order Completed", "bob")
    day.segment("inner", 'did("Product Viewed")')
    day.segment("outer", 'not in_segment("inner")')
    assert day.inside("outer") == ["bob"]
    segments.update(day.ws, "inner", rule='did("Order Completed")')
    day.work()
    assert day.inside("outer") == ["ann"]
    day.happens("Order Completed", "ann")
    day.work()
    assert day.inside("outer") == []


def test_days_are_counted_anew_at_midnight(day: Day) -> None:
    day.segment("silent", "recency_days >= 2")
    day.segment("new", 'lifecycle == "new"')
    day.happens("Order Completed")
    day.work()
    assert (day.inside("silent"), day.inside("new")) == ([], ["ann"])
    for _ in range(3):
        day.later(days=1)
    assert (day.inside("silent"), day.inside("new")) == (["ann"], ["ann"])
    for _ in range(6):
        day.later(days=5)
    assert day.inside("new") == []


def test_what_only_profiling_finds_moves_memberships_when_it_ran(day: Day) -> None:
    day.segment("big", "returns >= 1")
    day.happens("Order Completed", amount=100)
    day.happens("Order Refunded", amount=100)
    day.work()
    assert day.inside("big") == []
    profiles.run(day.ws)
    assert day.inside("big") == ["ann"]


def test_a_segment_that_is_not_live_has_no_members_and_is_counted(day: Day) -> None:
    day.happens("Product Viewed")
    segments.create(day.ws, "views", "Views", 'did("Product Viewed")', live=False)
    profiles.run(day.ws)
    day.happens("Product Viewed", "bob")
    day.work()
    assert (day.inside("views"), Segment.objects.get().count) == ([], 1)


def test_of_whom_the_worker_did_not_see_for_days_nothing_is_lost(day: Day) -> None:
    day.segment("lately", 'did("Product Viewed", within="4d")')
    day.happens("Product Viewed")
    day.work()
    assert not Wake.objects.exists()  # further away than the next settling
    day.later(days=9)
    assert day.inside("lately") == []


def test_transitions_are_forgotten_when_they_are_old(day: Day) -> None:
    day.segment("views", 'did("Product Viewed")')
    day.happens("Product Viewed")
    day.work()
    assert Transition.objects.count() == 1
    day.later(days=91)
    assert Transition.objects.count() == 0
    assert day.told() == [("Entered", "views", "ann")]


def test_sizes_are_noted_hour_by_hour_and_thinned_after_a_week(day: Day) -> None:
    day.segment("views", 'did("Product Viewed")')
    segment = Segment.objects.get()
    for number in range(10):
        day.happens("Product Viewed", f"c{number:02}")
        day.later(hours=3)
    counts = [point.count for point in sizes.series(day.ws, segment)]
    assert counts == list(range(11))
    for _ in range(9):
        day.later(days=1)
    days = [point.at.astimezone(day.ws.timezone).date() for point in sizes.series(day.ws, segment)]
    assert len(days) == len(set(days))
    flows = sizes.flows(day.ws, segment, NOON.date())
    assert sum(flow.entered for flow in flows) == 10
    assert sum(flow.left for flow in flows) == 0
