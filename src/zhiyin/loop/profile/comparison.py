"""Comparisons of a trait or a property with a value: their forms, and what they mean to both interpreters.

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

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Literal

import narwhals as nw

from zhiyin.domain.customer import LIST, TRAIT_KINDS, as_text
from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import MAX_TEXT, MAX_VALUES, Scalar, Value
from zhiyin.domain.text import say
from zhiyin.loop.profile import parts

# What counts as a number in the text of a trait or property; every engine reads it alike.
NUMBER = r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?"
NUMBER_IN_DATA = r"[+-]?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?"
# engines write such numbers in ways of their own, so letters are not looked for in them
FRACTION = r"[+-]?[0-9]+(\.[0-9]+([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)"
ISO_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

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
_NESTED = "[{"


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
        if kind == "stated" and span % timedelta(days=1):
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
        **dict.fromkeys(ORDER, _NUMBER_SCHEMA),
        **dict.fromkeys(LETTERS, letters),
        **dict.fromkeys(("before", "after"), parts.DAY.schema() if kind == "stated" else moment),
        "within": {"type": "string", "pattern": _DAYS} if kind == "stated" else parts.DURATION.schema(),
        "has": {"anyOf": [letters, _NUMBER_SCHEMA, {"type": "boolean"}]},
        "exists": {"type": "boolean"},
    }
    return {operator: shapes[operator] for operator in OPERATORS[kind]}


def _scalar(kind: Kind, value: Any, place: str) -> Scalar:
    wanted = {"text": str, "line": str, "flag": bool}.get(kind)
    if isinstance(value, str):
        parts.check_text(value, place)
        if kind in ("property", "line") and value[:1] in ("", *_NESTED):
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


_NUMBER_SCHEMA = {"type": "number", "exclusiveMinimum": -(10**15), "exclusiveMaximum": 10**15}
_TEXT_SCHEMA = {"type": "string", "maxLength": MAX_TEXT, "pattern": parts.LETTERS}
_DAYS = parts.spans("dw")


def _scalar_schema(kind: Kind) -> dict[str, Any]:
    if kind == "number":
        return _NUMBER_SCHEMA
    if kind == "flag":
        return {"type": "boolean"}
    text = dict(_TEXT_SCHEMA)
    if kind in ("property", "line"):
        text["pattern"] = rf"^(?![\[{{])[^\x00\x1f\ud800-\udfff]+{parts.END}"
    if kind in ("text", "line"):
        return text
    return {"anyOf": [text, _NUMBER_SCHEMA, {"type": "boolean"}]}


# --- one customer ---------------------------------------------------------------------------------------


def holds(kind: Kind, operator: str, value: Value, found: object, as_of: datetime) -> bool:
    """Whether a comparison holds of what was found; None is what is missing."""
    if kind in ("text", "stated"):
        found = as_text(found)
    elif kind == "property":
        found = _property_text(found)
    if operator == "exists":
        return (found is not None) == value
    if found is None:
        return False
    if kind == "property" and operator in LETTERS and re.fullmatch(FRACTION, str(found)):
        return False
    if isinstance(found, str) and found.startswith(LIST):
        return operator == "has" and f"{LIST}{as_text(value)}{LIST}" in found
    values = value if isinstance(value, tuple) else (value,)
    match operator:
        case "is" | "in":
            return _equals_one(found, kind, values)
        case "is_not" | "not_in":
            return not _equals_one(found, kind, values)
        case "has":
            return found == as_text(value)
        case "contains":
            return str(value) in str(found)
        case "starts":
            return str(found).startswith(str(value))
        case "ends":
            return str(found).endswith(str(value))
        case "within" | "before" | "after":
            return _timed(operator, value, found, as_of)
    number = _number(str(found))
    return number is not None and _ordered(operator, number, value)


def dated(found: object) -> bool:
    """Whether a stated value starts with a date."""
    return re.match(ISO_DATE, as_text(found) or "") is not None


def midnight(as_of: datetime) -> datetime:
    """When the next UTC day begins, by which stated times are compared."""
    today = as_of.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)


def _timed(operator: str, value: Any, found: object, as_of: datetime) -> bool:
    now = as_of.astimezone(UTC)
    if isinstance(found, datetime):
        edge: datetime = now - value if operator == "within" else value
        if operator == "within":
            return edge < found <= now
        return found < edge if operator == "before" else found >= edge
    dated = re.match(ISO_DATE, str(found))
    if dated is None:
        return False
    if operator == "within":
        return f"{now - value:%Y-%m-%d}" < dated[0] <= f"{now:%Y-%m-%d}"
    day: str = value.isoformat()
    return dated[0] < day if operator == "before" else dated[0] >= day


def _ordered(operator: str, found: Any, value: Any) -> Any:
    """The same for numbers and for columns of numbers."""
    bound = float(value)
    match operator:
        case "at_least":
            return found >= bound
        case "at_most":
            return found <= bound
        case "more_than":
            return found > bound
        case "less_than":
            return found < bound
    raise ValueError(f"unknown operator {operator!r}")


def _equals_one(found: object, kind: Kind, values: Sequence[Any]) -> bool:
    if kind == "flag":
        return found in values
    if kind == "number":
        return float(str(found)) in map(float, values)
    texts, numbers = _texts(values), _numbers(values)
    return str(found) in texts or (kind not in ("text", "line") and _number(str(found)) in numbers)


def _texts(values: Sequence[Any]) -> list[str]:
    return [text for text in map(as_text, values) if text]


def _numbers(values: Sequence[Any]) -> list[float]:
    return [float(text) for text in _texts(values) if re.fullmatch(NUMBER, text)]


def _number(text: str) -> float | None:
    """The number that a text is, else None."""
    return float(text) if re.fullmatch(NUMBER_IN_DATA, text) else None


def _property_text(value: object) -> str | None:
    """As the lake finds it: a list or object is missing, and so is a text that looks like one."""
    text = value if isinstance(value, str) else None if isinstance(value, list | tuple) else as_text(value)
    return None if not text or text[0] in _NESTED else text


# --- all customers --------------------------------------------------------------------------------------


def expression(kind: Kind, operator: str, value: Any, column: nw.Expr, now: datetime) -> nw.Expr:
    """The same for a column, at a plain UTC time. Null only where the column is."""
    present = ~column.is_null()
    if kind in ("text", "stated", "property"):
        present = present & (column != "")
    if kind == "property":
        present = present & ~column.str.starts_with("[") & ~column.str.starts_with("{")
        if operator in LETTERS:
            present = present & ~column.str.contains(rf"\A{FRACTION}\z")
    if operator == "exists":
        return present if value else ~present
    values = value if isinstance(value, tuple) else (value,)
    if kind == "stated":
        text = as_text(values[0])
        if operator == "has":
            return (column == text) | column.str.contains(f"{LIST}{text}{LIST}", literal=True)
        present = present & ~column.str.starts_with(LIST)
    match operator:
        case "is" | "in":
            return present & _equals_one_of(column, kind, values)
        case "is_not" | "not_in":
            return present & ~_equals_one_of(column, kind, values)
        case "contains":
            return present & column.str.contains(str(value), literal=True)
        case "starts":
            return present & column.str.starts_with(str(value))
        case "ends":
            return present & column.str.ends_with(str(value))
        case "within" | "before" | "after":
            return _timed_expression(kind, operator, value, column, now)
    number = column if kind == "number" else _number_of(column)
    ordered: nw.Expr = present & _ordered(operator, number, value)
    return ordered


def turns(column: nw.Expr, span: timedelta | None, now: datetime) -> nw.Expr:
    """When ``within`` a span turns by itself, null for never; without a span it is a stated time."""
    if span is None:
        next_day = midnight(now.replace(tzinfo=UTC)).replace(tzinfo=None)
        return nw.when(column.str.contains(rf"\A{ISO_DATE}")).then(nw.lit(next_day))
    leaves = column + nw.lit(span)
    return nw.when(column > now).then(column).otherwise(nw.when(leaves > now).then(leaves))


def _timed_expression(kind: Kind, operator: str, value: Any, column: nw.Expr, now: datetime) -> nw.Expr:
    if kind == "time":
        start: datetime = now - value if operator == "within" else value.replace(tzinfo=None)
        if operator == "within":
            return (column > start) & (column <= now)
        return column < start if operator == "before" else column >= start
    day, dated = column.str.slice(0, 10), column.str.contains(rf"\A{ISO_DATE}")
    if operator == "within":
        return dated & (day > f"{now - value:%Y-%m-%d}") & (day <= f"{now:%Y-%m-%d}")
    edge: str = value.isoformat()
    return dated & (day < edge if operator == "before" else day >= edge)


def _equals_one_of(column: nw.Expr, kind: Kind, values: Sequence[Any]) -> nw.Expr:
    if kind == "flag":
        return column.is_in(sorted(set(values)))
    if kind == "number":
        return column.cast(nw.Float64).is_in([float(value) for value in values])
    texts, numbers = _texts(values), [] if kind == "text" else _numbers(values)
    holds = column.is_in(texts) if texts else nw.lit(False)
    return holds | _number_of(column).is_in(numbers).fill_null(False) if numbers else holds


def _number_of(column: nw.Expr) -> nw.Expr:
    """The number that a text is, else null. Only texts that are numbers reach the cast."""
    return nw.when(column.str.contains(rf"\A{NUMBER_IN_DATA}\z")).then(column).cast(nw.Float64)
