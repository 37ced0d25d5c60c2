"""What the parts of a condition can be: each kind of value reads its JSON form, writes it, and has a schema.

JSON, text, Python and the published schema all follow from these, so that they cannot differ.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Protocol

from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import MAX_DAYS, MAX_TEXT, Window
from zhiyin.domain.text import say

REQUIRED: Any = object()
END = r"(?![\s\S])"  # the end of a text; $ would let a line break pass
NO_TEXT = r"""\x00-\x1f\x7f'"\\?*\ud800-\udfff"""
NAME = rf"^(?!\s)[^{NO_TEXT}]{{1,100}}(?<!\s){END}"
MAX_KEY = 80  # letters of a key
LETTERS = rf"^[^\x00\x1f\ud800-\udfff]*{END}"
_UNITS = {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
_LEAP = r"(?:[12][0-9](?:0[48]|[2468][048]|[13579][26])|(?:1[26]|2[048])00)"
DATE = (
    r"(?:[12][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    rf"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
)
_CLOCK = r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
MOMENT_PATTERN = rf"^{DATE}(?:{_CLOCK})?{END}"


class Kind(Protocol):
    """A kind of value: from JSON, to JSON, and what JSON it takes. ``name`` is that of the builder's control."""

    name: str

    def read(self, value: Any, place: str, zone: tzinfo) -> Any:
        """The value of a JSON form. Raises ``BadRule`` naming the place."""

    def dump(self, value: Any) -> Any:
        """The JSON form of a value; ``read(dump(value)) == value``."""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what ``read`` takes."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a condition: the field of its dataclass, what kind of value stands there, and the default.

    The ``head`` is the part that stands under the condition's own name: ``{"did": EVENT}``, ``did(EVENT)``.
    """

    name: str
    kind: Kind
    default: Any = REQUIRED
    head: bool = False


class EventName:
    """The name of an event."""

    name = "event"

    def read(self, value: Any, place: str, zone: tzinfo) -> str:
        if not isinstance(value, str) or not value:
            raise BadRule(say("{place} needs the name of an event.", place=place), fix=EXAMPLE)
        check_text(value, place)
        return value

    def dump(self, value: str) -> str:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": LETTERS}


class SegmentKey:
    """The key of a segment."""

    name = "segment"
    pattern = rf"^[a-z0-9][a-z0-9_-]{{0,79}}{END}"

    def read(self, value: Any, place: str, zone: tzinfo) -> str:
        if not isinstance(value, str) or not re.match(self.pattern, value):
            raise BadRule(
                say("{place} needs the key of a segment.", place=place),
                fix=say("Use up to 80 of a-z, 0-9, - and _, beginning with a-z or 0-9."),
            )
        return value

    def dump(self, value: str) -> str:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": self.pattern}


class CampaignKey:
    """The key of a campaign."""

    name = "campaign"
    pattern = rf"^[a-z0-9]+(?:[-_][a-z0-9]+)*{END}"

    def read(self, value: Any, place: str, zone: tzinfo) -> str:
        if not isinstance(value, str) or len(value) > MAX_KEY or not re.match(self.pattern, value):
            raise BadRule(
                say("{place} needs the key of a campaign.", place=place),
                fix=say("`zhiyin campaigns list` shows them all."),
            )
        return value

    def dump(self, value: str) -> str:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": self.pattern, "maxLength": MAX_KEY}


class Phrase:
    """A text that says what is looked for."""

    name = "phrase"

    def read(self, value: Any, place: str, zone: tzinfo) -> str:
        if not isinstance(value, str) or not value.strip():
            raise BadRule(say("{place} needs a text.", place=place))
        check_text(value, place)
        return value

    def dump(self, value: str) -> str:
        return value

    def schema(self) -> dict[str, Any]:
        return {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_TEXT,
            "pattern": rf"^(?=[\s\S]*\S){LETTERS[1:]}",
        }


class Choice:
    """One of a few words."""

    name = "choice"

    def __init__(self, *words: str) -> None:
        self.words = words

    def read(self, value: Any, place: str, zone: tzinfo) -> str:
        if not isinstance(value, str) or value not in self.words:
            close = difflib.get_close_matches(str(value), self.words, 1)
            raise BadRule(
                say("{place} must be one of {words}.", place=place, words=list(self.words)),
                fix=say("Did you mean {close!r}?", close=close[0]) if close else "",
            )
        return value

    def dump(self, value: str) -> str:
        return value

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


class Whole:
    """A whole number between bounds."""

    name = "whole"

    def __init__(self, least: int = 1, most: int = 1_000_000) -> None:
        self.least, self.most = least, most

    def read(self, value: Any, place: str, zone: tzinfo) -> int:
        whole = number(value) and value == int(value)
        if not whole or not self.least <= value <= self.most:
            raise BadRule(
                say(
                    "{place} must be a whole number from {least} to {most}.",
                    place=place,
                    least=self.least,
                    most=self.most,
                ),
                fix=say('For none at all, put "not" before the condition.'),
            )
        return int(value)

    def dump(self, value: int) -> int:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Number:
    """A number of less than 16 digits before the point."""

    name = "number"

    def read(self, value: Any, place: str, zone: tzinfo) -> int | float:
        if not number(value):
            raise BadRule(
                say("{place} needs a number.", place=place),
                why=say("A number has less than 16 digits before the point."),
            )
        found: int | float = value
        return found

    def dump(self, value: int | float) -> int | float:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "exclusiveMinimum": -(10**15), "exclusiveMaximum": 10**15}


class PropertyName:
    """The name of a property of an event, except some."""

    name = "property"

    def __init__(self, *unfit: str) -> None:
        self.unfit = unfit

    def read(self, value: Any, place: str, zone: tzinfo) -> str:
        check_name(value, place)
        if value in self.unfit:
            raise BadRule(
                say("{place}: {name!r} is no number.", place=place, name=value),
                fix=say('Use "amount", or a property that is a number.'),
            )
        name: str = value
        return name

    def dump(self, value: str) -> str:
        return value

    def schema(self) -> dict[str, Any]:
        unfit = {"not": {"enum": list(self.unfit)}} if self.unfit else {}
        return {"type": "string", "pattern": NAME, **unfit}


class Duration:
    """A span of time: a number and m, h, d or w, from one minute to a hundred years."""

    name = "duration"

    def read(self, value: Any, place: str, zone: tzinfo) -> timedelta:
        if isinstance(value, timedelta):
            value = self.dump(value)
        if not isinstance(value, str) or not re.match(spans("mhdw"), value):
            raise BadRule(
                say('{place} must be a span of time such as "90d".', place=place),
                why=say("It is a number and m, h, d or w, from 1 minute to {days:,} days.", days=MAX_DAYS),
            )
        return int(value[:-1]) * _UNITS[value[-1]]

    def dump(self, value: timedelta) -> str:
        for letter, unit in _UNITS.items():
            # weeks only where they were meant: 14 days read better than two weeks
            if letter != "w" and not value % unit:
                return f"{value // unit}{letter}"
        return f"{value / _UNITS['m']:g}m"

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": spans("mhdw")}


class Moment:
    """A point in time: an ISO date or time; without an offset it is meant in the zone of the shop."""

    name = "moment"

    def read(self, value: Any, place: str, zone: tzinfo) -> datetime:
        if isinstance(value, date):  # a datetime is one too
            value = value.isoformat()
        if not isinstance(value, str) or not re.match(MOMENT_PATTERN, value):
            raise BadRule(
                say('{place} must be a date or time such as "2026-03-01" or "2026-03-01T08:30".', place=place)
            )
        moment = datetime.fromisoformat(value)
        found = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        if not 1000 <= found.year < 3000:  # it could not be read again as it is kept, in UTC
            raise BadRule(say("{place} must lie between the years 1000 and 3000, in UTC.", place=place))
        return found

    def dump(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": MOMENT_PATTERN}


class Day:
    """A day of the calendar, wherever."""

    name = "day"

    def read(self, value: Any, place: str, zone: tzinfo) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if not isinstance(value, str) or not re.match(rf"^{DATE}{END}", value):
            raise BadRule(say('{place} must be a date such as "2026-03-01".', place=place))
        return date.fromisoformat(value)

    def dump(self, value: date) -> str:
        return value.isoformat()

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": rf"^{DATE}{END}"}


class Flag:
    """Yes or no."""

    name = "flag"

    def read(self, value: Any, place: str, zone: tzinfo) -> bool:
        if not isinstance(value, bool):
            raise BadRule(say("{place} needs true or false.", place=place))
        return value

    def dump(self, value: bool) -> bool:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


EVENT, SEGMENT, TIMES, DURATION, MOMENT, DAY = EventName(), SegmentKey(), Whole(), Duration(), Moment(), Day()
FLAG = Flag()
NUMBER, PROPERTY = Number(), PropertyName()
CAMPAIGN = CampaignKey()
EXAMPLE = say('An example: {"did": "Order Completed", "at_least": 3, "within": "90d"}')

WINDOW = (
    Part("within", DURATION, None),
    Part("before", DURATION, None),
    Part("since", MOMENT, None),
    Part("until", MOMENT, None),
)


def read(
    parts: tuple[Part, ...], kind: str, data: Mapping[str, Any], place: str, zone: tzinfo
) -> dict[str, Any]:
    """The values of a condition's parts from its JSON form, by the names of its fields."""
    known = {kind if part.head else part.name: part for part in parts}
    if unknown := sorted(map(str, set(data) - set(known))):
        raise BadRule(
            say("{place} has unknown parts: {unknown}.", place=place, unknown=unknown),
            why=_renamed(unknown),
            fix=say("{kind} knows {parts}.", kind=kind, parts=list(known)),
        )
    values = {}
    for key, part in known.items():
        if key in data:
            values[part.name] = part.kind.read(data[key], f"{place}.{key}", zone)
        elif part.default is REQUIRED:
            raise BadRule(say("{place} needs {part}.", place=place, part=key), fix=EXAMPLE)
        else:
            values[part.name] = part.default
    return values


def dump(parts: tuple[Part, ...], kind: str, condition: object) -> dict[str, Any]:
    """The JSON form of a condition: what is not as by default."""
    form = {}
    for part in parts:
        value = getattr(condition, part.name)
        if part.head or value != part.default:
            form[kind if part.head else part.name] = part.kind.dump(value)
    return form


def schema(parts: tuple[Part, ...], kind: str) -> dict[str, Any]:
    """The JSON Schema of a condition with these parts."""
    return {
        "type": "object",
        "properties": {kind if part.head else part.name: part.kind.schema() for part in parts},
        "required": [kind if part.head else part.name for part in parts if part.default is REQUIRED],
        "additionalProperties": False,
    }


def check_bounds(at_least: float | None, at_most: float | None, place: str) -> None:
    """Raise ``BadRule`` where no number is enough and not too many."""
    if at_least is not None and at_most is not None and at_least > at_most:
        raise BadRule(say("{place}: at_most is less than at_least.", place=place), fix=say("Exchange them."))


def check_window(window: Window, place: str) -> None:
    """Raise ``BadRule`` for a window in which no moment lies."""
    if window.within is not None and window.before is not None and window.before >= window.within:
        raise BadRule(
            say("{place}: within must reach further back than before.", place=place),
            fix=say('within="90d", before="30d" is from 90 to 30 days ago.'),
        )
    if window.since is not None and window.until is not None and window.since >= window.until:
        raise BadRule(say("{place}: until must be later than since.", place=place), fix=say("Exchange them."))


def check_name(name: Any, place: str) -> None:
    """Raise ``BadRule`` unless it can name a trait or property."""
    if not isinstance(name, str) or not re.match(NAME, name):
        raise BadRule(
            say("{place} must be a name of 1 to 100 letters.", place=place),
            why=say(
                "Quotes, backslashes, ?, * and line breaks cannot stand in a name, nor spaces at its ends."
            ),
        )


def check_text(value: str, place: str) -> None:
    """Raise ``BadRule`` for a text that is too long, or that no engine keeps."""
    if len(value) > MAX_TEXT or not re.match(LETTERS, value):
        raise BadRule(
            say("{place} must be a text of at most {max_text} letters.", place=place, max_text=MAX_TEXT)
        )


def number(value: Any) -> bool:
    """Whether it is a number; beyond 10^15 a double no longer tells whole ones apart."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) < 10**15
    )


def spans(letters: str) -> str:
    """A pattern for the spans of time in these units, up to the longest that is allowed."""
    most = timedelta(days=MAX_DAYS)
    each = "|".join(f"(?:{_up_to(most // _UNITS[letter])}){letter}" for letter in letters)
    return rf"^(?:{each}){END}"


def _renamed(unknown: list[str]) -> str:
    return say('Write "within": "30d" for within_days.') if "within_days" in unknown else ""


def _up_to(most: int) -> str:
    """A pattern for the whole numbers from 1 to ``most``, without leading zeros."""
    digits = str(most)
    found = [f"[1-9][0-9]{{0,{len(digits) - 2}}}"] if len(digits) > 1 else []
    for place, digit in enumerate(digits):
        low, rest = (1 if place == 0 else 0), len(digits) - place - 1
        if int(digit) > low:
            found.append(f"{digits[:place]}[{low}-{int(digit) - 1}]" + (f"[0-9]{{{rest}}}" if rest else ""))
    return "|".join([*found, digits])
