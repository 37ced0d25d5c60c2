"""Evaluating some customers, again and again as events come and time passes, gives what evaluating all gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law
from tests.profile.worlds import NOW, World, rules, worlds

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.domain.event import Event
from zhiyin.domain.segment import Rule
from zhiyin.loop.profile import listeners

STEP = timedelta(hours=7)  # of the clock
STEPS = 5


@slow_law(6)
@given(worlds(events=12), st.lists(rules(2), min_size=1, max_size=4))
def test_events_and_the_wheel_keep_what_all_at_once_would_give(world: World, several: list[Rule]) -> None:
    named = {f"rule_{number}": rule for number, rule in enumerate(several)}
    heard = listeners.index(named)
    duck = engine("duckdb")
    with TemporaryDirectory() as folder:
        members: dict[str, set[str]] = {}
        wakes: dict[str, datetime] = {}
        done: list[Event] = []
        for number in range(STEPS):
            now = NOW + number * STEP
            # what happened in between comes now; what is ahead of the clock is known from the start
            arrived = [event for event in world.events if came(event) == number]
            done += arrived
            at = Path(folder) / str(number)
            marks = looked(duck, at, world, done, named, now)
            if number == 0:
                who = set(world.profiles)
                members = {key: {one for one in who if marks[one][key]} for key in named}
            else:
                woken = {one for one, moment in wakes.items() if moment <= now}
                touched = {(event.customer_id, key) for event in arrived for key in heard.of(event.name)}
                touched |= {(one, key) for one in woken for key in named}
                who = {one for one, _ in touched if one in marks}
                for one, key in touched:
                    if one in marks:
                        (members[key].add if marks[one][key] else members[key].discard)(one)
            for one in who:
                wakes.pop(one, None)
                if (moment := marks[one]["wake_at"]) is not None:
                    wakes[one] = moment.replace(tzinfo=NOW.tzinfo)
            wanted = {key: {one for one in marks if marks[one][key]} for key in named}
            assert members == wanted


def came(event: Event) -> int:
    """In which step an event comes, however long ago it happened."""
    return int(event.event_id[1:]) % STEPS


def looked(
    duck: Engine, folder: Path, world: World, done: list[Event], named: dict[str, Rule], now: datetime
) -> dict[str, dict[str, object]]:
    """What the plan says of everybody at a moment."""
    rows = replace(world, events=done).mark(duck, folder, list(named.values()), now, wake=True)
    return {row["customer_id"]: row for row in rows}
