"""Controls of the builder: one class for each kind of value that a part of a condition can be.

A control reads what was typed into the JSON form of its part, shows that form again, and draws itself. A part of
an unknown kind gets the control that its JSON Schema asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any as Json
from typing import Protocol

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhiyin.domain.errors import BadRule
from zhiyin.domain.event import ORDER_COMPLETED
from zhiyin.entrypoints.console import segment_words, words
from zhiyin.entrypoints.console.segment_form import Fields, one
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import Line, Piece, Slot, options, slotted
from zhiyin.loop.profile.parts import REQUIRED, Part

OTHER = "*"  # the choice that opens a field for a name of one's own
UNITS: Mapping[str, Json] = {"m": _("minutes"), "h": _("hours"), "d": _("days"), "w": _("weeks")}
LABELS: Mapping[str, Json] = {
    "event": _("Event"),
    "trait": _("Trait"),
    "segment": _("Segment"),
    "at_least": _("At least"),
    "at_most": _("At most"),
    "within": _("Span of time"),
    "before": _("Span of time"),
    "since": _("From this time on"),
    "until": _("Before this time"),
    "duration": _("Span of time"),
    "moment": _("Time"),
    "day": _("Day"),
    "whole": _("Number"),
    "number": _("Number"),
    "text": _("Text"),
    "flag": _("Yes or no"),
}


class Unfinished(Exception):
    """A slot is empty, or holds what cannot be meant; then ``problem`` says so."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        super().__init__(problem)


class Control(Protocol):
    """What stands in one slot of a sentence, or in lines below it."""

    def read(self, fields: Fields, shop: Shop) -> dict[str, Json]:
        """Its part of the condition's JSON form. Raises ``Unfinished``."""

    def show(self, form: Mapping[str, Json], shop: Shop) -> Fields:
        """The fields that say what the form says; what it cannot show comes back otherwise from ``read``."""

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        """Its slots; ``path`` goes before the names of the fields."""

    def lines(self, fields: Fields, path: str, shop: Shop) -> tuple[Line, ...]:
        """Its lines below the sentence."""


@dataclass(frozen=True, slots=True)
class Single:
    """A part with one value. ``key`` is its name in the JSON form, ``part.name`` that of its field."""

    part: Part
    key: str

    @property
    def name(self) -> str:
        """The name of its field."""
        return self.part.name

    @property
    def label(self) -> str:
        """What it is called where nobody sees the sentence."""
        kind = self.part.kind.name
        return str(LABELS.get(self.part.name) or LABELS.get(kind) or words.name({}, kind))

    def read(self, fields: Fields, shop: Shop) -> dict[str, Json]:
        typed = self.typed(fields, shop)
        if typed is None:
            if self.part.default is REQUIRED or (self.part.default is not None and self.name in fields):
                raise Unfinished
            return {}
        checked(self.part, typed, self.label, shop)
        return {self.key: typed}

    def show(self, form: Mapping[str, Json], shop: Shop) -> Fields:
        return self.shown(form[self.key], shop) if self.key in form else {}

    def lines(self, fields: Fields, path: str, shop: Shop) -> tuple[Line, ...]:
        return ()

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        return slotted(Slot("text", path + self.name, self.value(fields), self.label, width=14))

    def typed(self, fields: Fields, shop: Shop) -> Json:
        """The JSON value of what was typed; None where nothing was."""
        return self.value(fields) or None

    def shown(self, value: Json, shop: Shop) -> Fields:
        """The fields of a JSON value."""
        return {self.name: (str(value),)}

    def value(self, fields: Fields) -> str:
        """What stands in its field, at first the default."""
        default = "" if self.part.default in (REQUIRED, None) else str(self.part.kind.dump(self.part.default))
        return one(fields, self.name, default)


def checked(part: Part, typed: Json, label: str, shop: Shop) -> None:
    """Raise ``Unfinished`` with the reason where a part does not take a value."""
    try:
        part.kind.read(typed, label, shop.zone)
    except BadRule as error:
        raise Unfinished(words.tell(error.what)) from error


class Choice(Single):
    """One of a few names."""

    __slots__ = ()

    def labels(self, shop: Shop) -> Mapping[str, str]:
        """The choices and what they are called."""
        return {name: words.name(words.CHOICES, name) for name in self.part.kind.schema().get("enum", ())}

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        value, labels = self.value(fields), dict(self.labels(shop))
        if not value or self.part.default is None:
            labels = {"": gettext("choose…") if self.part.default is REQUIRED else gettext("any")} | labels
        return slotted(Slot("select", path + self.name, value, self.label, options(labels, value)))


class Flag(Choice):
    """Yes or no."""

    __slots__ = ()

    def labels(self, shop: Shop) -> Mapping[str, str]:
        return {name: str(label) for name, label in segment_words.FLAGS.items()}

    def typed(self, fields: Fields, shop: Shop) -> Json:
        return {"true": True, "false": False}.get(self.value(fields))

    def shown(self, value: Json, shop: Shop) -> Fields:
        return {self.name: ("true" if value else "false",)}

    def value(self, fields: Fields) -> str:
        return one(
            fields, self.name, str(self.part.default).lower() if self.part.default in (True, False) else ""
        )


class SegmentKey(Choice):
    """One of the other segments."""

    __slots__ = ()

    def labels(self, shop: Shop) -> Mapping[str, str]:
        return shop.segments


class Named(Choice):
    """One of the usual names, or one that is typed."""

    __slots__ = ()
    first = ""

    def called(self, name: str) -> str:
        """What a name is called that is not among the usual ones."""
        return name

    def typed(self, fields: Fields, shop: Shop) -> Json:
        value = self.value(fields)
        return (one(fields, f"{self.name}_other") if value == OTHER else value) or None

    def value(self, fields: Fields) -> str:
        return one(fields, self.name, self.first)

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        value = self.value(fields)
        labels = {
            **dict(options(self.labels(shop), "" if value == OTHER else value, self.called(value))),
            OTHER: gettext("another…"),
        }
        chosen = Slot("select", path + self.name, value, self.label, tuple(labels.items()), reshapes=True)
        if value != OTHER:
            return slotted(chosen)
        other = f"{self.name}_other"
        return slotted(chosen, Slot("text", path + other, one(fields, other), self.label, width=18))


class EventName(Named):
    """The name of an event."""

    __slots__ = ()
    first = ORDER_COMPLETED

    def labels(self, shop: Shop) -> Mapping[str, str]:
        return {name: segment_words.event(name) for name in segment_words.EVENTS}

    def called(self, name: str) -> str:
        return segment_words.event(name)


class TraitName(Named):
    """The name of a trait."""

    __slots__ = ()
    first = "revenue"

    def labels(self, shop: Shop) -> Mapping[str, str]:
        return {name: segment_words.trait(name) for name in shop.traits}

    def called(self, name: str) -> str:
        return segment_words.trait(name)


class Number(Single):
    """A number, whole or not; the part says which."""

    __slots__ = ()

    def typed(self, fields: Fields, shop: Shop) -> Json:
        return number(self.value(fields), self.label)

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        return slotted(Slot("number", path + self.name, self.value(fields), self.label, width=4))


class Duration(Single):
    """A span of time: a number and a unit."""

    __slots__ = ()

    def typed(self, fields: Fields, shop: Shop) -> Json:
        return span(fields, self.name)

    def shown(self, value: Json, shop: Shop) -> Fields:
        return spanned(value, self.name)

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        at_first = {} if self.name in fields or not self.value({}) else spanned(self.value({}), self.name)
        return span_slots({**at_first, **fields}, path, self.name, self.label)


class Moment(Single):
    """A day and a time of the shop."""

    __slots__ = ()

    def typed(self, fields: Fields, shop: Shop) -> Json:
        return local_time(self.value(fields))

    def shown(self, value: Json, shop: Shop) -> Fields:
        return {self.name: (local(value, shop),)}

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        return slotted(Slot("datetime-local", path + self.name, self.value(fields), self.label))


class Day(Single):
    """A day of the calendar."""

    __slots__ = ()

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        return slotted(Slot("date", path + self.name, self.value(fields), self.label))


# --- what several controls share ------------------------------------------------------------------------


def number(text: str, label: str) -> int | float | None:
    """The number of a text, None for none. Raises ``Unfinished`` where it is something else."""
    if not text:
        return None
    try:
        found = float(text)
    except ValueError as error:
        raise Unfinished(gettext("“%(text)s” is not a number.") % {"text": text}) from error
    if found != found or abs(found) == float("inf"):
        raise Unfinished(gettext("“%(text)s” is not a number.") % {"text": text})
    return int(text) if text.lstrip("+-").isdigit() else found


def span(fields: Fields, name: str) -> str | None:
    """A span of time as ``90d``, None where no number was typed."""
    typed = one(fields, name)
    if typed and not (typed.isascii() and typed.isdigit()):
        raise Unfinished(gettext("“%(text)s” is not a whole number.") % {"text": typed})
    return f"{int(typed)}{one(fields, f'{name}_unit', 'd')}" if typed else None


def spanned(value: str, name: str) -> Fields:
    """The fields of ``90d``."""
    return {name: (value[:-1],), f"{name}_unit": (value[-1],)}


def span_slots(fields: Fields, path: str, name: str, label: str, units: str = "mhdw") -> tuple[Piece, ...]:
    """The number and the unit of a span of time."""
    unit = one(fields, f"{name}_unit", "d")
    labels = {letter: _unit(letter, one(fields, name)) for letter in units}
    return slotted(
        Slot("number", path + name, one(fields, name), label, width=4),
        Slot("select", f"{path}{name}_unit", unit, gettext("Unit"), options(labels, unit)),
    )


def _unit(letter: str, n: str) -> str:
    if n != "1":
        return str(UNITS[letter])
    return {"m": gettext("minute"), "h": gettext("hour"), "d": gettext("day"), "w": gettext("week")}[letter]


def local_time(text: str) -> str | None:
    """A time of the shop as it was typed; None for what no control of a browser sends."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def local(value: str, shop: Shop) -> str:
    """A moment of the JSON form as a time of the shop, to the minute where that is all of it.

    >>> local("2026-02-28T16:00:00Z", Shop("CNY", ZoneInfo("Asia/Shanghai")))
    '2026-03-01T00:00'
    """
    there = datetime.fromisoformat(value).astimezone(shop.zone).replace(tzinfo=None)
    return there.isoformat(timespec=_precision(there))


def _precision(time: datetime) -> str:
    """As much as is needed; browsers know no more than milliseconds."""
    return "milliseconds" if time.microsecond else "seconds" if time.second else "minutes"
