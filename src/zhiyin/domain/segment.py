"""The segment language: a rule is data, with one meaning for one customer and for all at once.

A rule in its JSON form is one of::

    {"all": [RULE, …]}   {"any": [RULE, …]}   {"not": RULE}
    {"trait": "city", "is": "Shanghai"}            # is, is_not, in, not_in, at_least, at_most,
    {"trait": "orders", "at_least": 3}             # contains, exists, within_days
    {"did": "Order Completed", "at_least": 3, "within_days": 365, "where": {"category": "Tea"}}
    {"never": "Order Completed", "within_days": 45}

RFM group and lifecycle stage are the traits ``rfm_group`` and ``lifecycle``. A comparison with a missing
trait is false, ``is_not`` and ``not_in`` included, and ``not`` of it true: there is no third truth value.
An empty text counts as missing.

What a comparison means depends on the kind of the trait (``domain/customer.TRAIT_KINDS``):

* text: equality, ``in`` and ``contains`` compare letter by letter, upper and lower case apart.
* number: compared as numbers; a value that is a text is read as a number if it is one, else it never equals.
* time: only ``exists`` and ``within_days``, which holds for ``as_of - days < time <= as_of``.
* flag: true or false.
* a stated trait (any other name) is text: equal letter by letter, or as a number where both are numbers;
  ``at_least`` and ``at_most`` hold only where the text is a number, ``within_days`` only where it starts with
  an ISO date, counted in whole UTC days.

``did`` counts the events of the customer up to ``as_of``, within the last days if given: ``as_of - days <
time <= as_of``. In ``where``, ``item_id`` and ``category`` must hold on one and the same line of the event,
``campaign`` on the campaign of a message event, and any other name on a property, compared like a stated
trait. Properties that are lists or objects are missing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any as Json

from zhiyin.domain.customer import TRAIT_KINDS
from zhiyin.domain.errors import BadRule
from zhiyin.domain.text import say

TRAIT_OPERATORS = (
    "is",
    "is_not",
    "in",
    "not_in",
    "at_least",
    "at_most",
    "contains",
    "exists",
    "within_days",
)
MAX_DEPTH = 8
MAX_CONDITIONS = 100
MAX_VALUES = 1000  # of one in or not_in
MAX_TEXT = 500
LINE_FIELDS = ("item_id", "category")
# What counts as a number in a rule, and in the text of a trait or property; every engine reads it alike.
NUMBER = r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?"
NUMBER_IN_DATA = r"[+-]?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?"
ISO_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_NAME = re.compile(r"[^\x00-\x1f\x7f'\"\\?*\ud800-\udfff]{1,100}")
_KIND_OPERATORS = {
    "text": ("is", "is_not", "in", "not_in", "contains", "exists"),
    "number": ("is", "is_not", "in", "not_in", "at_least", "at_most", "exists"),
    "time": ("exists", "within_days"),
    "flag": ("is", "is_not", "exists"),
}

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Trait:
    """A condition on one trait. ``value`` is a scalar, a tuple for ``in``/``not_in``, a bool for ``exists``,
    a number of days for ``within_days`` (a time trait no longer ago than that)."""

    name: str
    operator: str
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Did:
    """Did an event at least so many times, ever or within the last days, where properties have values.

    ``where`` on ``item_id`` and ``category`` looks at the lines of the event, ``campaign`` at its campaign,
    any other name at its properties.
    """

    event: str
    at_least: int = 1
    within_days: int | None = None
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class All:
    """Every rule holds; true when there is none."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one rule holds; false when there is none."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The rule does not hold. ``never`` is ``Not(Did(…))``."""

    rule: Rule


Rule = Trait | Did | All | Any | Not


@dataclass(frozen=True, slots=True)
class Segment:
    """A named rule; customers enter and leave by themselves."""

    key: str
    name: str
    rule: Rule
    version: int = 1


def parse(data: Json) -> Rule:
    """The rule of a JSON form. Raises ``BadRule`` naming the place.

    >>> parse({"trait": "orders", "at_least": 3})
    Trait(name='orders', operator='at_least', value=3)
    """
    rule = _parse(data, "rule", 1)
    if sum(1 for _ in conditions(rule)) > MAX_CONDITIONS:
        raise BadRule(
            say("The rule has more than {max_conditions} conditions.", max_conditions=MAX_CONDITIONS),
            fix=say("Split it into segments."),
        )
    return rule


def dump(rule: Rule) -> dict[str, Json]:
    """The JSON form of a rule; ``parse(dump(rule)) == rule``."""
    match rule:
        case All(rules):
            return {"all": [dump(r) for r in rules]}
        case Any(rules):
            return {"any": [dump(r) for r in rules]}
        case Not(Did(at_least=1) as did):
            return {"never" if key == "did" else key: value for key, value in dump(did).items()}
        case Not(inner):
            return {"not": dump(inner)}
        case Trait(name, operator, value):
            return {"trait": name, operator: list(value) if isinstance(value, tuple) else value}
        case Did(event, at_least, within_days, where):
            form: dict[str, Json] = {"did": event}
            if at_least != 1:
                form["at_least"] = at_least
            if within_days is not None:
                form["within_days"] = within_days
            if where:
                form["where"] = dict(where)
            return form


def conditions(rule: Rule) -> Iterator[Trait | Did]:
    """The leaves of a rule, left to right."""
    match rule:
        case All(rules) | Any(rules):
            for inner in rules:
                yield from conditions(inner)
        case Not(inner):
            yield from conditions(inner)
        case Trait() | Did():
            yield rule


def _parse(data: Json, place: str, depth: int) -> Rule:
    if depth > MAX_DEPTH:
        raise BadRule(
            say(
                "The rule is nested more than {max_depth} deep at {place}.", max_depth=MAX_DEPTH, place=place
            ),
            fix=say("Make it flatter."),
        )
    if not isinstance(data, Mapping):
        raise BadRule(
            say("{place} must be an object, not {type}.", place=place, type=type(data).__name__), fix=_FORMS
        )
    heads = [key for key in ("all", "any", "not", "trait", "did", "never") if key in data]
    if len(heads) != 1:
        raise BadRule(
            say("{place} must have exactly one of all, any, not, trait, did, never.", place=place), fix=_FORMS
        )
    head, rest = heads[0], {key: value for key, value in data.items() if key != heads[0]}
    if head in ("all", "any"):
        if rest or not isinstance(data[head], list):
            raise BadRule(
                say("{place}.{head} must be a list and stand alone.", place=place, head=head), fix=_FORMS
            )
        rules = tuple(_parse(r, f"{place}.{head}[{i}]", depth + 1) for i, r in enumerate(data[head]))
        return All(rules) if head == "all" else Any(rules)
    if head == "not":
        if rest:
            raise BadRule(say("{place}.not must stand alone.", place=place), fix=_FORMS)
        return Not(_parse(data[head], f"{place}.not", depth + 1))
    if head == "trait":
        return _trait(data[head], rest, place)
    did = _did(data[head], rest, place)
    if head == "did":
        return did
    if "at_least" in rest:
        raise BadRule(say("{place}: 'never' takes no at_least.", place=place), fix=say("Use not with did."))
    return Not(did)


def _trait(name: Json, rest: Mapping[str, Json], place: str) -> Trait:
    _check_name(name, f"{place}.trait")
    if len(rest) != 1 or next(iter(rest)) not in TRAIT_OPERATORS:
        raise BadRule(
            say("{place}: the trait {name!r} needs exactly one operator.", place=place, name=name),
            why=say("Found {found}.", found=list(rest)) if rest else say("Found none."),
            fix=say("Operators are {operators}.", operators=list(TRAIT_OPERATORS)),
        )
    operator, value = next(iter(rest.items()))
    kind = TRAIT_KINDS.get(name)
    if kind and operator not in _KIND_OPERATORS[kind]:
        raise BadRule(
            say(
                "{place}: {operator} does not apply to {name!r}, which is a {kind}.",
                place=place,
                operator=operator,
                name=name,
                kind=_KINDS[kind],
            ),
            fix=say("Use one of {operators}.", operators=_KIND_OPERATORS[kind]),
        )
    if operator in ("in", "not_in"):
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_VALUES:
            raise BadRule(
                say(
                    "{place}: {operator} needs a list of 1 to {max_values} values.",
                    place=place,
                    operator=operator,
                    max_values=MAX_VALUES,
                ),
                fix=_FORMS,
            )
        for element in value:
            _check_value(element, f"{place}.{operator}")
        return Trait(name, operator, tuple(value))
    if operator == "exists" and not isinstance(value, bool):
        raise BadRule(say("{place}: exists needs true or false.", place=place), fix=_FORMS)
    if operator == "within_days" and not _days(value):
        raise BadRule(
            say("{place}: within_days needs a whole number of days from 1.", place=place), fix=_FORMS
        )
    if operator in ("at_least", "at_most") and not _number(value):
        raise BadRule(say("{place}: {operator} needs a number.", place=place, operator=operator), fix=_FORMS)
    if operator == "contains" and (not isinstance(value, str) or not value):
        raise BadRule(say("{place}: contains needs a text.", place=place), fix=_FORMS)
    _check_value(value, f"{place}.{operator}")
    return Trait(name, operator, value)


def _did(event: Json, rest: Mapping[str, Json], place: str) -> Did:
    if not isinstance(event, str) or not event:
        raise BadRule(say("{place} needs the name of an event.", place=place), fix=_FORMS)
    _check_value(event, place)
    unknown = set(rest) - {"at_least", "within_days", "where"}
    if unknown:
        raise BadRule(
            say("{place} has unknown parts: {unknown}.", place=place, unknown=sorted(unknown)), fix=_FORMS
        )
    at_least, within = rest.get("at_least", 1), rest.get("within_days")
    if not isinstance(at_least, int) or isinstance(at_least, bool) or not 1 <= at_least <= 1_000_000:
        raise BadRule(
            say("{place}.at_least must be a whole number from 1.", place=place),
            fix=say("For none at all, use never."),
        )
    if within is not None and not _days(within):
        raise BadRule(
            say("{place}.within_days must be a whole number of days from 1.", place=place), fix=_FORMS
        )
    where = rest.get("where") or {}
    if not isinstance(where, Mapping):
        raise BadRule(say("{place}.where must map property names to values.", place=place), fix=_FORMS)
    for key, value in where.items():
        _check_name(key, f"{place}.where")
        _check_value(value, f"{place}.where.{key}")
        if isinstance(value, str) and value[:1] in ("", "{", "["):
            raise BadRule(
                say(
                    "{place}.where.{key} must be a value, not empty, a list or an object.",
                    place=place,
                    key=key,
                ),
                fix=_FORMS,
            )
    pairs = tuple(sorted((str(name), _text(value)) for name, value in where.items()))
    return Did(event, at_least, within, pairs)


def _check_name(name: Json, place: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name != name.strip():
        raise BadRule(
            say("{place} must be a name of 1 to 100 letters.", place=place),
            why=say(
                "Quotes, backslashes, ?, * and line breaks cannot stand in a name, nor spaces at its ends."
            ),
        )


def _check_value(value: Json, place: str) -> None:
    if isinstance(value, str):
        if len(value) > MAX_TEXT or "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise BadRule(
                say("{place} must be a text of at most {max_text} letters.", place=place, max_text=MAX_TEXT)
            )
    elif not isinstance(value, bool) and not _number(value):
        raise BadRule(say("{place} needs a text, a number, true or false.", place=place), fix=_FORMS)


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Json) -> bool:
    # beyond 10^15 a double no longer tells whole numbers apart
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) < 10**15
    )


def _days(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 36500


_KINDS = {"text": say("text"), "number": say("number"), "time": say("time"), "flag": say("flag")}
_FORMS = say('Forms are {"all": […]}, {"any": […]}, {"not": …}, {"trait": …}, {"did": …}, {"never": …}.')
