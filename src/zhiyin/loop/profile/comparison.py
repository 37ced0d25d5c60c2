"""Comparisons of a trait or a property with a value, and their forms.

``comparison_python`` and ``comparison_frame`` say whether one holds, for one customer and for all.

What a comparison means depends on the kind of what is compared:

* text: letter by letter, upper and lower case apart.
* number: as numbers.
* time: ``within`` holds for ``as_of - span < time <= as_of``, ``before`` for earlier than the moment, ``after``
  for the moment and later.
* flag: true or false.
* stated (any other trait): a text; equal letter by letter, or as a number where both are numbers. Order holds
  only where the text is a number, ``within``, ``before`` and ``after`` only where it starts with an ISO date,
  and by whole days. A list is known, and ``has`` looks into it; any other comparison with it is false.
* property (of an event): like a stated trait. Lists and objects are missing, and no letters are found in a
  number with a decimal point or exponent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Literal

from zhiyin.domain.customer import LIST, TRAIT_KINDS, as_text
from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import MAX_TEXT, MAX_VALUES, Scalar, Value
from zhiyin.domain.text import say
from zhiyin.loop.profile import parts

Kind = Literal["text", "number", "time", "flag", "stated", "property", "line"]
EQUALITY = ("is", "is_not", "in", "not_in")
ORDER = ("at_least", "at_most", "more_than", "less_than")
LETTERS = ("contains", "starts", "ends")
TIMES = ("within", "before", "after")
OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    "text": (*EQUALITY, *LETTERS, "exists"),
    "number": (*EQUALITY, *ORDER, "exists"),
    "time": (*TIMES, "exists"),
    "flag": ("is", "is_not", "exists"),
    "stated": (*EQUALITY, *ORDER, *LETTERS, *TIMES, "has", "exists"),
    "property": (*EQUALITY, *ORDER, *LETTERS, "exists"),
    "line": ("is", "in"),
}
LINE_FIELDS = ("item_id", "category")  # of a line of an event: all filters on them must hold on one line
EVENT_FIELDS: Mapping[str, Kind] = {"campaign": "text", "amount": "number"}  # columns of an event
_KIND_NAMES: Mapping[Kind, str] = {
    "text": say("text"), "number": say("number"), "time": say("time"), "flag": say("flag"),
    "stated": say("stated trait"), "property": say("property"), "line": say("line of an order"),
}  # fmt: skip
# the first letter of a list or object as JSON
NESTED = "[{"


def trait_kind(name: str) -> Kind:
    """What kind a trait is."""
    return TRAIT_KINDS.get(name, "stated")


def property_kind(name: str) -> Kind:
    """What kind a property of an event is."""
    return "line" if name in LINE_FIELDS else EVENT_FIELDS.get(name, "property")


# --- forms ----------------------------------------------------------------------------------------------


def read(kind: Kind, name: str, form: Mapping[str, Any], place: str, zone: tzinfo) -> tuple[str, Value]:
    """Operator and value of a JSON form such as ``{"at_least": 3}``. Raises ``BadRule`` naming the place."""
    known = OPERATORS[kind]
    if len(form) != 1:
        raise BadRule(
            say("{place}: {name!r} needs exactly one comparison.", place=place, name=name),
            why=say("Found {found}.", found=list(form)) if form else say("Found none."),
            fix=say("Use one of {operators}.", operators=known),
        )
    ((operator, value),) = form.items()
    if operator not in known:
        raise BadRule(
            say(
                "{place}: {operator} does not apply to {name!r}, which is a {kind}.",
                place=place,
                operator=operator,
                name=name,
                kind=_KIND_NAMES[kind],
            ),
            why=say('Write "within": "30d" for within_days.') if operator == "within_days" else "",
            fix=say("Use one of {operators}.", operators=known),
        )
    place = f"{place}.{operator}"
    if operator in ("in", "not_in"):
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_VALUES:
            raise BadRule(
                say("{place} needs a list of 1 to {max_values} values.", place=place, max_values=MAX_VALUES),
                why=say("It has {n:,}.", n=len(value)) if isinstance(value, list | tuple) else "",
                fix=say("Split it into two conditions joined by or.")
                if isinstance(value, list | tuple)
                else "",
            )
        return operator, tuple(_scalar(kind, one, place) for one in value)
    if operator == "exists":
        if not isinstance(value, bool):
            raise BadRule(say("{place} needs true or false.", place=place))
        return operator, value
    if operator == "within":
        span: timedelta = parts.DURATION.read(value, place, zone)
        in_days = value[-1] in "dw" if isinstance(value, str) else not span % timedelta(days=1)
        if kind == "stated" and not in_days:
            raise BadRule(
                say("{place} needs whole days: {name!r} is a stated trait.", place=place, name=name),
                why=say("Stated times are compared by their day."),
            )
        return operator, span
    if operator in TIMES:
        read_time = parts.DAY.read if kind == "stated" else parts.MOMENT.read
        return operator, read_time(value, place, zone)
    if operator in ORDER:
        if not parts.number(value):
            raise BadRule(say("{place} needs a number.", place=place))
        return operator, value
    if operator in LETTERS and (not isinstance(value, str) or not value):
        raise BadRule(say("{place} needs a text.", place=place))
    if operator == "has" and value == "":
        raise BadRule(say("{place} needs a text, a number, true or false.", place=place))
    return operator, _scalar("stated" if operator == "has" else kind, value, place)


def dump(operator: str, value: Value) -> dict[str, Any]:
    """The JSON form of a comparison."""
    return {operator: json_value(value)}


def json_value(value: Value) -> Any:
    """A value of a comparison in JSON."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, timedelta):
        return parts.DURATION.dump(value)
    if isinstance(value, datetime):
        return parts.MOMENT.dump(value)
    return parts.DAY.dump(value) if isinstance(value, date) else value


def shown(found: object) -> object:
    """What was found, for a reader: lists as their elements."""
    text = as_text(found) if isinstance(found, list | tuple | str) else None
    return ", ".join(text.strip(LIST).split(LIST)) if text and text.startswith(LIST) else found


def schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of each operator that a kind takes."""
    scalar = _scalar_schema(kind)
    several = {"type": "array", "items": scalar, "minItems": 1, "maxItems": MAX_VALUES}
    letters, moment = {**_TEXT_SCHEMA, "minLength": 1}, parts.MOMENT.schema()
    shapes: dict[str, Any] = {
        **dict.fromkeys(("is", "is_not"), scalar),
        **dict.fromkeys(("in", "not_in"), several),
        **dict.fromkeys(ORDER, NUMBER_SCHEMA),
        **dict.fromkeys(LETTERS, letters),
        **dict.fromkeys(("before", "after"), parts.DAY.schema() if kind == "stated" else moment),
        "within": {"type": "string", "pattern": _DAYS} if kind == "stated" else parts.DURATION.schema(),
        "has": {"anyOf": [letters, NUMBER_SCHEMA, {"type": "boolean"}]},
        "exists": {"type": "boolean"},
    }
    return {operator: shapes[operator] for operator in OPERATORS[kind]}


def _scalar(kind: Kind, value: Any, place: str) -> Scalar:
    wanted = {"text": str, "line": str, "flag": bool}.get(kind)
    if isinstance(value, str):
        parts.check_text(value, place)
        if kind in ("property", "line") and value[:1] in ("", *NESTED):
            raise BadRule(say("{place} must be a value, not empty, a list or an object.", place=place))
    if kind == "number":
        if not parts.number(value):
            raise BadRule(say("{place} needs a number.", place=place), fix=say("Write it without quotes."))
    elif wanted is str and not isinstance(value, str):
        raise BadRule(say("{place} needs a text.", place=place), fix=say("Write it in quotes."))
    elif wanted is bool and not isinstance(value, bool):
        raise BadRule(say("{place} needs true or false.", place=place))
    elif not isinstance(value, str | bool) and not parts.number(value):
        raise BadRule(
            say("{place} needs a text, a number, true or false.", place=place),
            why=say("A number has less than 16 digits before the point."),
        )
    found: Scalar = value
    return found


NUMBER_SCHEMA = parts.NUMBER.schema()
_TEXT_SCHEMA = {"type": "string", "maxLength": MAX_TEXT, "pattern": parts.LETTERS}
_DAYS = parts.spans("dw")


def _scalar_schema(kind: Kind) -> dict[str, Any]:
    if kind == "number":
        return NUMBER_SCHEMA
    if kind == "flag":
        return {"type": "boolean"}
    text = dict(_TEXT_SCHEMA)
    if kind in ("property", "line"):
        text["pattern"] = rf"^(?![\[{{])[^\x00\x1f\ud800-\udfff]+{parts.END}"
    if kind in ("text", "line"):
        return text
    return {"anyOf": [text, NUMBER_SCHEMA, {"type": "boolean"}]}
