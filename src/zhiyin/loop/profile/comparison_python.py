"""Comparisons for one customer: does one hold of what was found. What each means: ``comparison``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from zhiyin.domain.customer import LIST, as_text
from zhiyin.domain.segment import Value
from zhiyin.loop.profile.comparison import LETTERS, NESTED, Kind

# What counts as a number in the text of a trait or property; every engine reads it alike.
NUMBER = r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?"
NUMBER_IN_DATA = r"[+-]?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?"
# engines write such numbers in ways of their own, so letters are not looked for in them
FRACTION = r"[+-]?[0-9]+(\.[0-9]+([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)"
ISO_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def holds(kind: Kind, operator: str, value: Value, found: object, as_of: datetime) -> bool:
    """Whether a comparison holds of what was found; None is what is missing."""
    if kind == "text":
        found = found or None
    elif kind == "stated":
        found = as_text(found)
    elif kind == "property":
        found = property_text(found)
    if operator == "exists":
        return (found is not None) == value
    if found is None:
        return False
    if kind == "property" and operator in LETTERS and re.fullmatch(FRACTION, str(found)):
        return False
    if kind == "stated" and isinstance(found, str) and found.startswith(LIST):
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
    number = number_of(str(found))
    return number is not None and ordered(operator, number, value)


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


def ordered(operator: str, found: Any, value: Any) -> Any:
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
    if str(found) in texts(values):
        return True
    return kind not in ("text", "line") and number_of(str(found)) in numbers(values)


def texts(values: Sequence[Any]) -> list[str]:
    """The texts that values of a rule are."""
    return [text for text in map(as_text, values) if text]


def numbers(values: Sequence[Any]) -> list[float]:
    """The numbers among them."""
    return [float(text) for text in texts(values) if re.fullmatch(NUMBER, text)]


def number_of(text: str) -> float | None:
    """The number that a text is, else None."""
    return float(text) if re.fullmatch(NUMBER_IN_DATA, text) else None


def property_text(value: object) -> str | None:
    """A property as the lake finds it: a list or object is missing, and so is a text that looks like one."""
    text = value if isinstance(value, str) else None if isinstance(value, list | tuple) else as_text(value)
    return None if not text or text[0] in NESTED else text
