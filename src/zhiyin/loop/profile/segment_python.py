"""The segment language, one customer at a time: does a rule hold, and why.

``segment_frame`` says the same for all customers at once; a property test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from zhiyin.domain.customer import TRAIT_KINDS, as_text
from zhiyin.domain.decision import Fact
from zhiyin.domain.event import Event
from zhiyin.domain.segment import (
    ISO_DATE,
    LINE_FIELDS,
    NUMBER,
    NUMBER_IN_DATA,
    All,
    Any,
    Did,
    Not,
    Rule,
    Scalar,
    Trait,
)

Traits = Mapping[str, object]


def holds(rule: Rule, traits: Traits, events: Sequence[Event], as_of: datetime) -> bool:
    """Whether the rule holds for the customer with these traits and events.

    ``traits`` maps the names of ``TRAIT_KINDS`` and of stated traits to values, times aware; a missing name is
    a missing trait. Events after ``as_of`` do not count.

    >>> holds(Trait("orders", "at_least", 3), {"orders": 5}, (), datetime(2026, 1, 1, tzinfo=UTC))
    True
    """
    match rule:
        case All(rules):
            return all(holds(inner, traits, events, as_of) for inner in rules)
        case Any(rules):
            return any(holds(inner, traits, events, as_of) for inner in rules)
        case Not(inner):
            return not holds(inner, traits, events, as_of)
        case Did():
            return len(_done(rule, events, as_of)) >= rule.at_least
        case Trait():
            return _trait(rule, traits.get(rule.name), as_of)


def facts(rule: Rule, traits: Traits, events: Sequence[Event], as_of: datetime) -> tuple[Fact, ...]:
    """Each condition of the rule with what was found; ``holds`` says whether it speaks for membership.

    Codes: ``trait`` and ``trait_not`` with detail trait, operator, needs, found (and since, for times);
    ``did``, ``did_fewer`` and ``never`` with detail event, needs, found, where, since (ISO date, None for
    ever) and last (ISO time of the latest such event).
    """
    return tuple(_facts(rule, traits, events, as_of, wanted=True))


def _facts(
    rule: Rule, traits: Traits, events: Sequence[Event], as_of: datetime, *, wanted: bool
) -> Iterator[Fact]:
    match rule:
        case All(rules) | Any(rules):
            for inner in rules:
                yield from _facts(inner, traits, events, as_of, wanted=wanted)
        case Not(inner):
            yield from _facts(inner, traits, events, as_of, wanted=not wanted)
        case Trait(name, operator, value):
            found = traits.get(name)
            detail: dict[str, object] = {
                "trait": name,
                "operator": operator,
                "needs": list(value) if isinstance(value, tuple) else value,
                "found": found.isoformat() if isinstance(found, datetime) else found,
            }
            if operator == "within_days":
                detail["since"] = _since(as_of, int(str(value)))
            yield Fact("trait" if wanted else "trait_not", _trait(rule, found, as_of) == wanted, detail)
        case Did(event, at_least, within_days, where):
            done = _done(rule, events, as_of)
            code = "did" if wanted else "never" if at_least == 1 else "did_fewer"
            yield Fact(
                code,
                (len(done) >= at_least) == wanted,
                {
                    "event": event,
                    "needs": at_least if code != "never" else 0,
                    "found": len(done),
                    "where": dict(where),
                    "within_days": within_days,
                    "since": None if within_days is None else _since(as_of, within_days),
                    "last": max(e.timestamp for e in done).isoformat() if done else None,
                },
            )


def _since(as_of: datetime, days: int) -> str:
    return _day(_before(as_of, days))


def _before(as_of: datetime, days: int) -> datetime:
    """So many times 24 hours earlier; by the wall clock a day may have 23 or 25."""
    return as_of.astimezone(UTC) - timedelta(days=days)


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _done(did: Did, events: Sequence[Event], as_of: datetime) -> list[Event]:
    start = None if did.within_days is None else _before(as_of, did.within_days)
    return [
        event
        for event in events
        if event.name == did.event
        and event.timestamp <= as_of
        and (start is None or event.timestamp > start)
        and _matches(did, event)
    ]


def _matches(did: Did, event: Event) -> bool:
    lines = [pair for pair in did.where if pair[0] in LINE_FIELDS]
    if lines and not any(
        all(getattr(line, field) == value for field, value in lines) for line in event.products
    ):
        return False
    for name, value in did.where:
        if name in LINE_FIELDS:
            continue
        found = event.campaign if name == "campaign" else _property_text(event.properties.get(name))
        if found is None or not (found == value if name == "campaign" else _same(found, value)):
            return False
    return True


def _property_text(value: object) -> str | None:
    return value if isinstance(value, str) else as_text(value)


def _trait(trait: Trait, found: object, as_of: datetime) -> bool:
    kind = TRAIT_KINDS.get(trait.name, "stated")
    if kind in ("text", "stated"):
        found = as_text(found)
    if trait.operator == "exists":
        return (found is not None) == trait.value
    if found is None:
        return False
    values = trait.value if isinstance(trait.value, tuple) else (trait.value,)
    match trait.operator:
        case "is" | "in":
            return _equals_one(found, kind, values)
        case "is_not" | "not_in":
            return not _equals_one(found, kind, values)
        case "contains":
            return str(trait.value) in str(found)
        case "within_days":
            start = _before(as_of, int(values[0]))
            if isinstance(found, datetime):
                return start < found <= as_of
            dated = re.match(ISO_DATE, str(found))
            return dated is not None and _day(start) < dated[0] <= _day(as_of)
        case "at_least" | "at_most":
            number = _number(str(found))
            if number is None:
                return False
            bound = float(values[0])
            return number >= bound if trait.operator == "at_least" else number <= bound
    raise ValueError(f"unknown operator {trait.operator!r}")


def _equals_one(found: object, kind: str, values: Sequence[Scalar]) -> bool:
    if kind == "flag":
        return as_text(found) in [as_text(value) for value in values]
    if kind == "number":
        numbers = [float(text) for text in map(as_text, values) if text and re.fullmatch(NUMBER, text)]
        return float(str(found)) in numbers
    texts = [text for text in map(as_text, values) if text]
    return str(found) in texts if kind == "text" else any(_same(str(found), text) for text in texts)


def _same(found: str, text: str) -> bool:
    """Equal letter by letter, or as a number where both are numbers."""
    return found == text or (
        re.fullmatch(NUMBER, text) is not None
        and (number := _number(found)) is not None
        and number == float(text)
    )


def _number(text: str) -> float | None:
    """The number that a text is, else None."""
    return float(text) if re.fullmatch(NUMBER_IN_DATA, text) else None
