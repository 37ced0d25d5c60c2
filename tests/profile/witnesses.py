"""Customers made to order for rules: for each condition some who just meet it and some who just miss it.

Chance alone seldom puts an event on the border of the very days that a rule asks for. These do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from tests.profile.worlds import World

from zhiyin.domain.customer import TRAIT_KINDS, as_text
from zhiyin.domain.event import Event, Line
from zhiyin.domain.segment import LINE_FIELDS, NUMBER, Did, Rule, Trait, conditions

_MOMENT = timedelta(microseconds=1)


def witnesses(rules: Iterable[Rule], as_of: datetime) -> World:
    """The customers of all conditions of these rules."""
    profiles: dict[str, dict[str, object]] = {}
    events: list[Event] = []
    for condition in dict.fromkeys(leaf for rule in rules for leaf in conditions(rule)):
        if isinstance(condition, Trait):
            stated = condition.name not in TRAIT_KINDS
            for value in _values(condition, as_of):
                own = {condition.name: value}
                profiles[_new(profiles)] = {"traits": own} if stated else {"traits": {}, **own}
        else:
            for done in _histories(condition, as_of):
                customer_id = _new(profiles)
                profiles[customer_id] = {"traits": {}}
                events += [_event(f"w{len(events) + i}", customer_id, *one) for i, one in enumerate(done)]
    return World({key: {**row, "customer_id": key} for key, row in profiles.items()}, events)


def _new(profiles: dict[str, dict[str, object]]) -> str:
    return f"w{len(profiles)}"


def _around(as_of: datetime, days: int) -> list[datetime]:
    """Outside, on and inside the earlier border; on and outside the later one."""
    now = as_of.astimezone(UTC)
    start = now - timedelta(days=days)
    return [start - _MOMENT, start, start + _MOMENT, now, now + _MOMENT]


def _values(trait: Trait, as_of: datetime) -> list[object]:
    kind = TRAIT_KINDS.get(trait.name, "stated")
    days = int(trait.value) if trait.operator == "within_days" and isinstance(trait.value, int) else 1
    values = trait.value if isinstance(trait.value, tuple) else (trait.value,)
    if kind == "time":
        return [None, *_around(as_of, days)]
    if kind == "flag":
        return [None, True, False]
    if kind == "number":
        numbers = [math.floor(n) for n in map(_number, values) if n is not None]
        return [None, *dict.fromkeys(n + step for n in (0, *numbers) for step in (-1, 0, 1))]
    found: list[object] = [None, "", *(one for value in values for one in _alike(value))]
    if trait.operator == "within_days":
        dates = [moment.date() for moment in _around(as_of, days)]
        found += [(day + timedelta(days=step)).isoformat() for day in dates for step in (-1, 0, 1)]
        found += [f"{day}T23:59" for day in dates]
    return [one for one in found if kind == "stated" or one is None or isinstance(one, str)]


def _alike(value: object) -> Iterator[object]:
    """The value, others that mean the same, and others that nearly do."""
    text = as_text(value) or ""
    yield from (value, text, text.swapcase(), f"x{text}y", re.sub(r"\W", "x", text))
    number = _number(value)
    if number is not None:
        yield from (number, f"{number:.1f}", f"{number:e}", number - 1, number + 1, -number)


def _number(value: object) -> float | None:
    text = as_text(value) or ""
    return float(text) if re.fullmatch(NUMBER, text) else None


def _event(event_id: str, customer_id: str, did: Did, at: datetime) -> Event:
    """An event that is just what ``did`` asks for."""
    lines = {name: value for name, value in did.where if name in LINE_FIELDS}
    rest = {name: value for name, value in did.where if name not in LINE_FIELDS}
    line = Line(lines.get("item_id", "z"), category=lines.get("category"))
    return Event(
        event_id, "track", did.event, at, customer_id,
        campaign=rest.pop("campaign", None), products=(line,) if lines else (), properties=rest,
    )  # fmt: skip


def _histories(did: Did, as_of: datetime) -> Iterator[Sequence[tuple[Did, datetime]]]:
    """What customers did, each as what an event fits and when it was."""
    inside = as_of.astimezone(UTC) - timedelta(hours=1)
    for often in (did.at_least - 1, did.at_least, did.at_least + 1):
        yield [(did, inside)] * often
    for at in _around(as_of, did.within_days or 30):
        yield [(did, inside)] * (did.at_least - 1) + [(did, at)]
    yield [(Did(did.event + "x", where=did.where), inside)] * did.at_least
    for place, (name, value) in enumerate(did.where):
        others = (*did.where[:place], *did.where[place + 1 :])
        yield [(Did(did.event, where=others), inside)] * did.at_least
        for other in _alike(value):
            if isinstance(other, str) or (name not in LINE_FIELDS and name != "campaign"):
                yield [(Did(did.event, where=(*others, (name, other))), inside)] * did.at_least  # type: ignore[arg-type]
