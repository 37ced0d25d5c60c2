"""Customers made to order for rules: for each condition some who just meet it and some who just miss it.

Chance alone seldom puts an event on the border of the very days that a rule asks for. These do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Sequence_
from datetime import UTC, date, datetime, timedelta

from tests.profile.worlds import CHANNELS, FADING, PURPOSES, Interests, World

from zhiyin.domain.customer import as_text
from zhiyin.domain.event import Event, Line
from zhiyin.domain.interest import UNIT
from zhiyin.domain.segment import Condition, Filter, Rule, Window, conditions
from zhiyin.loop.profile.comparison import EVENT_FIELDS, LINE_FIELDS, property_kind, trait_kind
from zhiyin.loop.profile.comparison_python import NUMBER
from zhiyin.loop.profile.conditions import (
    Consents,
    Did,
    Distinct,
    Engaged,
    Interested,
    Nearest,
    Sample,
    Sequence,
    Trait,
)
from zhiyin.loop.profile.conditions.amount import Amount
from zhiyin.loop.profile.conditions.edge import Edge
from zhiyin.loop.profile.steps import Step

_MOMENT = timedelta(microseconds=1)


def witnesses(rules: Iterable[Rule], as_of: datetime) -> World:
    """The customers of all conditions of these rules."""
    profiles: dict[str, dict[str, object]] = {}
    events: list[Event] = []
    interests: dict[str, Interests] = {}
    for leaf in dict.fromkeys(leaf for rule in rules for leaf in conditions(rule)):
        condition = leaf.did if isinstance(leaf, Engaged) else leaf
        if isinstance(condition, Trait):
            kind = trait_kind(condition.name)
            for value in _values(kind, condition, as_of):
                own = {condition.name: value}
                profiles[_new(profiles)] = {"traits": own} if kind == "stated" else {"traits": {}, **own}
        elif isinstance(condition, Interested):
            for found in _interests(condition, as_of):
                customer_id = _new(profiles)
                profiles[customer_id], interests[customer_id] = {"traits": {}}, found
        elif isinstance(condition, Nearest):
            for value in _measured(condition):
                own = {condition.by: value}
                stated = trait_kind(condition.by) == "stated"
                profiles[_new(profiles)] = {"traits": own} if stated else {"traits": {}, **own}
        elif isinstance(condition, Consents):
            for said in (
                {},
                {condition.purpose: True},
                {condition.purpose: False},
                {"else": condition.granted},
            ):
                profiles[_new(profiles)] = {"traits": {}, "consents": {condition.channel: said}}
        elif not isinstance(condition, Sample):
            for done in _histories(condition, as_of):
                customer_id = _new(profiles)
                profiles[customer_id] = {"traits": {}}
                events += [_event(f"w{len(events) + i}", customer_id, *one) for i, one in enumerate(done)]
    for number, row in enumerate(profiles.values()):  # everybody has said something
        channel, purpose = CHANNELS[number % 3], PURPOSES[number // 3 % 3]
        row.setdefault("consents", {channel: {purpose: number % 2 == 0}})
    rows = {key: {**row, "customer_id": key} for key, row in profiles.items()}
    return World(rows, events, interests)


def _measured(one: Nearest) -> list[object]:
    """Values on both sides of the aim, each twice, and one that is no value."""
    if trait_kind(one.by) == "time":
        moments: list[object] = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 1, 2, 2)]
        return [None, *moments]
    aim = 3 if isinstance(one.to, str) else math.floor(one.to)
    values: list[object] = [aim + step for step in (0, 0, -1, -1, 1, 1, 2)]
    return [None, *values, *([f"{aim}.0", "-0", "x", [aim]] if trait_kind(one.by) == "stated" else [])]


def _new(profiles: dict[str, dict[str, object]]) -> str:
    return f"w{len(profiles)}"


def _around(*edges: datetime | None) -> list[datetime]:
    """Just before, on and just after each border."""
    return [edge + step for edge in edges if edge for step in (-_MOMENT, timedelta(), _MOMENT)]


def _edges(window: Window, as_of: datetime) -> list[datetime]:
    now = as_of.astimezone(UTC)
    back = [now - span for span in (window.within, window.before) if span is not None]
    return _around(now, *back, window.since, window.until)


def _values(kind: str, one: Trait | Filter, as_of: datetime) -> list[object]:
    """Values of a trait or property that fit a comparison, and others that nearly do."""
    values = one.value if isinstance(one.value, tuple) else (one.value,)
    now, first = as_of.astimezone(UTC), values[0]
    if kind == "time":
        edges = (
            [now - first] if isinstance(first, timedelta) else [first] if isinstance(first, datetime) else []
        )
        return [None, *_around(now, *edges)]
    if kind == "flag":
        return [None, True, False]
    if kind == "number":
        numbers = [math.floor(n) for n in map(_number, values) if n is not None]
        return [None, *dict.fromkeys(n + step for n in (0, *numbers) for step in (-1, 0, 1))]
    found: list[object] = [None, "", *(near for value in values for near in _alike(value))]
    if isinstance(first, timedelta | date):
        edge = (now - first).date() if isinstance(first, timedelta) else first
        days = [day + timedelta(days=step) for day in (edge, now.date()) for step in (-1, 0, 1)]
        found += [form for day in days for form in (day.isoformat(), f"{day}T23:59")]
    if kind == "stated":
        found += [[value, "z"] for value in values if isinstance(value, str | int | float)]
    return [near for near in found if kind in ("stated", "property") or near is None or isinstance(near, str)]


def _alike(value: object) -> Iterator[object]:
    """The value, others that mean the same, and others that nearly do."""
    text = as_text(value) or ""
    if text:
        yield from (text, text.swapcase(), f"x{text}y", f"{text}y", f"x{text}", re.sub(r"\W", "x", text))
    if isinstance(value, str | int | float):
        yield value
    number = _number(value)
    if number is not None:
        yield from (number, f"{number:.1f}", f"{number:e}", number - 1, number + 1, -number)


def _number(value: object) -> float | None:
    text = as_text(value) or ""
    return float(text) if re.fullmatch(NUMBER, text) else None


Values = dict[str, object]
History = Sequence_[tuple[str, Values, datetime]]


def _fitting(where: Sequence_[Filter]) -> Values:
    """Values of properties that fit filters, as far as each can be met."""
    return {one.name: _fit(one) for one in where}


def _fit(one: Filter) -> object:
    value = one.value[0] if isinstance(one.value, tuple) else one.value
    if one.operator in ("more_than", "less_than") and isinstance(value, int | float):
        value += 1 if one.operator == "more_than" else -1
    if one.operator in ("is_not", "not_in", "exists"):
        value = "other" if property_kind(one.name) != "number" else 77
    # the amount of an event is a whole number
    return math.floor(value) if one.name == "amount" and isinstance(value, int | float) else value


def _event(event_id: str, customer_id: str, name: str, values: Values, at: datetime) -> Event:
    """An event with these values of item, category, campaign, amount and properties."""
    item, category = (values.get(field) for field in LINE_FIELDS)
    line = Line(str(item or "z"), category=None if category is None else str(category))
    rest = {key: value for key, value in values.items() if key not in (*LINE_FIELDS, *EVENT_FIELDS)}
    campaign, amount = values.get("campaign"), values.get("amount")
    return Event(
        event_id, "track", name, at, customer_id,
        amount=amount if isinstance(amount, int) else None,
        campaign=campaign if isinstance(campaign, str) else None,
        products=(line,) if item or category else (), properties=rest,
    )  # fmt: skip


def _histories(one: Condition, as_of: datetime) -> Iterator[History]:
    """What customers did: name, values and time of each event."""
    match one:
        case Did():
            yield from _did(one, as_of)
        case Amount():
            yield from _amount(one, as_of)
        case Edge():
            yield from _edge(one, as_of)
        case Distinct():
            yield from _distinct(one, as_of)
        case Sequence():
            yield from _sequence(one, as_of)


def _did(did: Did, as_of: datetime) -> Iterator[History]:
    fits = _fitting(did.where)
    inside = _inside(did.window, as_of)
    borders = sorted({n + step for n in (did.at_least, did.at_most or did.at_least) for step in (-1, 0, 1)})
    for often in borders:
        yield [(did.event, fits, inside)] * often
    for at in _edges(did.window, as_of):
        yield [(did.event, fits, inside)] * (did.at_least - 1) + [(did.event, fits, at)]
    yield [(did.event + "x", fits, inside)] * did.at_least
    for near in _nearly(did.where):
        yield [(did.event, near, inside)] * did.at_least


def _amount(one: Amount, as_of: datetime) -> Iterator[History]:
    fits, inside = _fitting(one.where), _inside(one.window, as_of)
    least = 1 if one.of == "amount" else 0.001

    def does(*numbers: object, at: datetime = inside) -> History:
        return [(one.event, {**fits, one.of: number}, at) for number in numbers]

    for bound in {bound for bound in (one.at_least, one.at_most) if bound is not None}:
        for number in (bound, bound - least, bound + least, -bound, 0):
            yield does(number)
            yield does(number, None, number)
            yield does(number - 7, 7, 0)
        yield does(bound + 1, bound - 1, bound)
        yield does(bound, bound - least, bound)
        yield does(bound, 10**12 + 1)
        if one.of != "amount":
            for near in (
                *_alike(bound),
                bound + 0.0005,
                bound - 0.0005,
                10**9,
                -(10**9),
                10**9 + 0.001,
                1e21,
            ):
                yield does(near)
        for at in _edges(one.window, as_of):
            yield does(bound, at=at)
            yield [*does(bound), *does(-1, at=at)]
        for near in _nearly(one.where):
            yield [(one.event, {one.of: bound, **near}, inside)]
        yield [(one.event + "x", {**fits, one.of: bound}, inside)]
    yield does(None)


def _edge(one: Edge, as_of: datetime) -> Iterator[History]:
    fits, inside = _fitting(one.where), _inside(one.window, as_of)
    times = [
        *_edges(one.window, as_of),
        inside,
        inside - timedelta(days=400),
        as_of.astimezone(UTC) + timedelta(days=1),
    ]
    for at in times:
        yield [(one.event, fits, at)]
        yield [(one.event, fits, inside), (one.event, fits, at)]
        yield [(one.event, fits, inside), (one.event, {}, at)]
        yield [(one.event, {}, inside), (one.event, fits, at)]
    for near in _nearly(one.where):
        yield [(one.event, near, inside)]


def _distinct(one: Distinct, as_of: datetime) -> Iterator[History]:
    fits, inside = _fitting(one.where), _inside(one.window, as_of)
    wanted = one.at_most or one.at_least
    alike = (
        "3",
        3,
        "3.0",
        3.0,
        "+3",
        "03",
        -0.0,
        0,
        "1e3",
        1000,
        1e21,
        "1e21",
        12345678901234567,
        12345678901234568,
    )
    different = range(5) if one.of == "amount" else [f"v{i}" for i in range(5)]

    def does(values: Iterable[object], at: datetime = inside) -> History:
        return [(one.event, {**fits, one.of: value}, at) for value in values]

    for often in {n + step for n in (one.at_least, wanted) for step in (-1, 0, 1)}:
        yield does(different[:often])
        yield does([*different[:often], None, "", *different[:often]])
    for at in _edges(one.window, as_of):
        yield [*does(different[: one.at_least - 1]), *does(different[4:], at)]
    if one.of in EVENT_FIELDS or one.of in LINE_FIELDS:
        yield does(alike[:2])
    else:
        for i in range(len(alike)):
            yield does(alike[i : i + wanted + 1])
    for near in _nearly(one.where):
        yield [(one.event, {one.of: value, **near}, inside) for value in different[: one.at_least]]


def _sequence(one: Sequence, as_of: datetime) -> Iterator[History]:
    inside, gap = _inside(one.window, as_of), one.gap or timedelta(hours=1)

    def does(steps: Iterable[Step], *times: datetime) -> list[tuple[str, Values, datetime]]:
        return [(step.event, _fitting(step.where), at) for step, at in zip(steps, times, strict=False)]

    def after(start: datetime, apart: timedelta) -> list[datetime]:
        return [start + n * apart for n in range(len(one.steps))]

    starts = {inside, *_edges(one.window, as_of)}
    for start in starts:
        yield does(one.steps, *after(start, _MOMENT))
        yield does(one.steps, *reversed(after(start, -_MOMENT)))
    for apart in (timedelta(), _MOMENT, gap - _MOMENT, gap, gap + _MOMENT):
        times = [inside - n * apart for n in reversed(range(len(one.steps)))]
        done = does(one.steps, *times)
        yield done
        yield done[1:]
        yield done[:-1]
        yield [*done, *does(one.steps, times[0], times[0])]
        for step in one.without:
            for at in {between for time in times for between in (time, time - _MOMENT, time + _MOMENT)}:
                yield [*done, *does([step], at)]
    for n, step in enumerate(one.steps):
        done = does(one.steps, *after(inside - timedelta(minutes=1), _MOMENT))
        for near in _nearly(step.where):
            yield [*done[:n], (step.event, near, done[n][2]), *done[n + 1 :]]


def _nearly(where: Sequence_[Filter]) -> Iterator[Values]:
    """Values that fit all filters but one, which they fit nearly, and what does fit in other ways."""
    fits = _fitting(where)
    for one in where:
        without = {key: value for key, value in fits.items() if key != one.name}
        yield without
        for near in _values(property_kind(one.name), one, datetime(2026, 3, 1, tzinfo=UTC)):
            yield {**without, one.name: near}


def _interests(one: Interested, as_of: datetime) -> Iterator[Interests]:
    """Weights that just reach the score alone and beside others, and just miss it."""
    factor, ground = FADING.least(one.at_least, FADING.today(as_of))
    for others in (0, UNIT):
        edge = -(-factor * (ground + others) // (200 - factor))  # 200 w >= factor (w + others + ground)
        for weight in (edge - 1, edge, edge + 1):
            yield {(one.kind, one.looked_for): (weight, weight + others)}
    yield {(one.kind, one.looked_for + "x"): (10**13, 10**13)}
    yield {("price_band", one.looked_for): (10**13, 10**13)}


def _inside(window: Window, as_of: datetime) -> datetime:
    """A time within the window, if there is one."""
    now = as_of.astimezone(UTC)
    middle = now - ((window.within or timedelta()) + (window.before or timedelta())) / 2
    candidates = [now - timedelta(minutes=5), middle, *_edges(window, as_of)]
    return next((at for at in candidates if window.holds(at, as_of)), candidates[0])
