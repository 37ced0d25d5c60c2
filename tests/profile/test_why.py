"""What would change a membership: time alone, or one condition alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.profile.worlds import NOW, World, rules, worlds

from zhiyin.domain.event import Event
from zhiyin.domain.segment import Rule
from zhiyin.loop.profile import segment_python
from zhiyin.loop.profile.condition import One
from zhiyin.loop.profile.segment_text import parse

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def one(*events: tuple[str, timedelta], **traits: object) -> One:
    done = [Event(f"e{i}", "track", name, AT - ago, "ann") for i, (name, ago) in enumerate(events)]
    return One(traits, done, AT)


def test_time_alone_ends_it_when_the_last_event_leaves_the_window() -> None:
    rule = parse('did("Order Completed", within="30d")')
    bought = one(("Order Completed", timedelta(days=29)), ("Order Completed", timedelta(days=10)))
    assert segment_python.until(rule, bought) == AT + timedelta(days=1)  # the count changes, and that is all
    assert segment_python.turn(rule, bought) == AT + timedelta(days=20)


def test_time_alone_never_ends_what_was_ever_done() -> None:
    rule = parse('did("Order Completed")')
    assert segment_python.turn(rule, one(("Order Completed", timedelta(days=1)))) is None
    assert segment_python.turn(rule, one()) is None


def test_one_condition_of_several_decides_where_the_others_hold() -> None:
    rule = parse('did("Order Completed") and city == "Wuxi" and not did("Product Viewed")')
    outside = one(("Order Completed", timedelta(days=1)), city="Suzhou")
    assert not segment_python.holds(rule, outside)
    assert segment_python.deciding(rule, outside) == (1,)
    inside = one(("Order Completed", timedelta(days=1)), city="Wuxi")
    assert segment_python.deciding(rule, inside) == (0, 1, 2)


def test_none_alone_decides_where_two_have_to_change() -> None:
    assert segment_python.deciding(parse('city == "Wuxi" and did("Order Completed")'), one()) == ()
    assert segment_python.deciding(parse('city == "Wuxi" or did("Order Completed")'), one()) == (0, 1)


@settings(max_examples=60)
@given(worlds(customers=2, events=12), rules(2), st.integers(0, 40))
def test_what_is_too_old_to_count_may_be_left_out(world: World, rule: Rule, hours: int) -> None:
    start = segment_python.since(rule, NOW)
    for who in world.profiles:
        events = [event for event in world.events if event.customer_id == who]
        recent = [event for event in events if start is None or event.timestamp >= start]
        for at in (NOW, NOW + timedelta(hours=13 * hours)):
            whole, short = (One(world.traits(who), several, at) for several in (events, recent))
            assert segment_python.holds(rule, whole) == segment_python.holds(rule, short)
            assert segment_python.facts(rule, whole) == segment_python.facts(rule, short)
            assert segment_python.until(rule, whole) == segment_python.until(rule, short)


def test_how_far_back_a_rule_looks() -> None:
    def days(rule: str) -> float | None:
        start = segment_python.since(parse(rule), AT)
        return None if start is None else (AT - start) / timedelta(days=1)

    assert days('did("A", within="30d") and sum("B", at_least=1, within="90d")') == 90
    assert days('did("A", within="30d") or did("B")') is None
    assert days('did("A", since="2026-02-01T12:00Z") and city == "Wuxi"') == 28
    assert days('first("A", within="30d")') is days('last("A", within="30d")') is days("orders >= 1") is None


@settings(max_examples=15)
@given(worlds(customers=1, events=12), rules(2), st.integers(1, 40))
def test_nothing_turns_before_its_time_and_then_it_does(world: World, rule: Rule, steps: int) -> None:
    for who in world.profiles:
        events = [event for event in world.events if event.customer_id == who]
        now = One(world.traits(who), events, NOW)
        turn, stands = segment_python.turn(rule, now), segment_python.holds(rule, now)
        for number in range(1, steps + 1):
            at = NOW + timedelta(hours=13 * number)
            if turn is None or at < turn:
                assert segment_python.holds(rule, One(now.traits, events, at)) == stands
        if turn is not None:
            assert segment_python.holds(rule, One(now.traits, events, turn)) != stands
