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
