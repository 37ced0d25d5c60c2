"""Visits: half an hour of silence ends one, whatever the order in which events come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.collect.payloads import RECEIVED, arrival, browser, event, server

from zhiyin.loop.collect.facts import Facts, Memory
from zhiyin.loop.collect.pipeline import run

START = RECEIVED - timedelta(days=2)


def at(minutes: float, **change: Any) -> dict[str, Any]:
    return browser(
        messageId=f"m{minutes:g}", timestamp=(START + timedelta(minutes=minutes)).isoformat(), **change
    )


def visits(*payloads: dict[str, Any], memory: Memory | None = None) -> list[str | None]:
    found = run([arrival(one) for one in payloads], Facts(bots=False, memory=memory or Memory()))
    return [one.session_id for one in found.events]


def test_half_an_hour_of_silence_ends_a_visit() -> None:
    assert visits(at(0), at(29), at(59), at(90)) == ["m0", "m0", "m0", "m90"]


def test_an_event_that_comes_late_joins_the_visit_it_falls_into() -> None:
    assert visits(at(100), at(60), at(110), at(105)) == ["m100", "m60", "m100", "m100"]
    assert visits(at(100), at(80), at(60)) == ["m100", "m100", "m100"]


def test_late_events_of_an_older_visit_stay_together() -> None:
    assert visits(at(500), at(10), at(20), at(510), at(15)) == ["m500", "m10", "m10", "m500", "m10"]


def test_visits_go_on_across_batches() -> None:
    memory = Memory()
    assert visits(at(0), memory=memory) == ["m0"]
    later = Memory(visits={visitor: tuple(visit) for visitor, visit in memory.new_visits.items()})
    assert visits(at(20), memory=later) == ["m0"]


def test_visitors_have_visits_of_their_own() -> None:
    assert visits(at(0), at(1, anonymousId="other"), at(2)) == ["m0", "m1", "m0"]


def test_a_server_joins_a_visit_and_begins_none() -> None:
    order = server(messageId="o", anonymousId="visitor", timestamp=(START + timedelta(minutes=5)).isoformat())
    assert visits(order, at(0), order | {"messageId": "o2"}) == [None, "m0", "m0"]
    assert event(server()).session_id is None


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30, unique=True))
def test_in_order_a_visit_ends_exactly_where_the_silence_is_long(minutes: list[int]) -> None:
    minutes = sorted(minutes)
    found = visits(*(at(minute) for minute in minutes))
    expected, session = [], ""
    for before, minute in zip([-100, *minutes], minutes, strict=False):
        session = f"m{minute}" if minute - before > 30 else session
        expected.append(session)
    assert found == expected


@given(st.permutations(range(0, 120, 10)))
def test_in_any_order_every_event_has_the_visit_of_one_near_it(minutes: list[int]) -> None:
    found = visits(*(at(minute) for minute in minutes))
    for minute, session in zip(minutes, found, strict=True):
        assert session is not None
        same = [
            other for other, one in zip(minutes, found, strict=True) if one == session and other != minute
        ]
        assert session == f"m{minute}" or min(abs(other - minute) for other in same) <= 30
