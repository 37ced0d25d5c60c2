"""Customers made to order for rules: for each condition some who just meet it and some who just miss it.

Chance alone seldom puts an event on the border of the very days that a rule asks for. These do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from tests.profile.worlds import FADING, Interests, World

from zhiyin.domain.customer import as_text
from zhiyin.domain.event import Event, Line
from zhiyin.domain.interest import UNIT
from zhiyin.domain.segment import Filter, Rule, conditions
from zhiyin.loop.profile.comparison import EVENT_FIELDS, LINE_FIELDS, property_kind, trait_kind
from zhiyin.loop.profile.comparison_python import NUMBER
from zhiyin.loop.profile.conditions import Did, Engaged, Interested, Trait

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
        elif isinstance(condition, Did):
            for done in _histories(condition, as_of):
                customer_id = _new(profiles)
                profiles[customer_id] = {"traits": {}}
                events += [_event(f"w{len(events) + i}", customer_id, *one) for i, one in enumerate(done)]
        elif isinstance(condition, Interested):
            for found in _interests(condition, as_of):
                customer_id = _new(profiles)
                profiles[customer_id], interests[customer_id] = {"traits": {}}, found
    rows = {key: {**row, "customer_id": key} for key, row in profiles.items()}
    return World(rows, events, interests)


def _new(profiles: dict[str, dict[str, object]]) -> str:
    return f"w{len(profiles)}"


def _around(*edges: datetime | None) -> list[datetime]:
    """Just before, on and just after each border."""
    return [edge + step for edge in edges if edge for step in (-_MOMENT, timedelta(), _MOMENT)]


def _edges(one: Did, as_of: datetime) -> list[datetime]:
    now, window = as_of.astimezone(UTC), one.window
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


def _fitting(where: Sequence[Filter]) -> Values:
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


def _histories(did: Did, as_of: datetime) -> Iterator[Sequence[tuple[str, Values, datetime]]]:
    """What customers did: name, values and time of each event."""
    fits = _fitting(did.where)
    inside = _inside(did, as_of)
    borders = sorted({n + step for n in (did.at_least, did.at_most or did.at_least) for step in (-1, 0, 1)})
    for often in borders:
        yield [(did.event, fits, inside)] * often
    for at in _edges(did, as_of):
        yield [(did.event, fits, inside)] * (did.at_least - 1) + [(did.event, fits, at)]
    yield [(did.event + "x", fits, inside)] * did.at_least
    for one in did.where:
        without = {key: value for key, value in fits.items() if key != one.name}
        yield [(did.event, without, inside)] * did.at_least
        for near in _values(property_kind(one.name), one, as_of):
            yield [(did.event, {**without, one.name: near}, inside)] * did.at_least


def _interests(one: Interested, as_of: datetime) -> Iterator[Interests]:
    """Weights that just reach the score alone and beside others, and just miss it."""
    factor, ground = FADING.least(one.at_least, FADING.today(as_of))
    for others in (0, UNIT):
        edge = -(-factor * (ground + others) // (200 - factor))  # 200 w >= factor (w + others + ground)
        for weight in (edge - 1, edge, edge + 1):
            yield {(one.kind, one.looked_for): (weight, weight + others)}
    yield {(one.kind, one.looked_for + "x"): (10**13, 10**13)}
    yield {("price_band", one.looked_for): (10**13, 10**13)}


def _inside(did: Did, as_of: datetime) -> datetime:
    """A time within the window, if there is one."""
    candidates = [as_of.astimezone(UTC) - timedelta(minutes=5), *_edges(did, as_of)]
    return next((at for at in candidates if did.window.holds(at, as_of)), candidates[0])
