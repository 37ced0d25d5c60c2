"""Controls of the builder: what each of them does, and those of plain values.

A control reads what was typed into the JSON form of its part, shows that form again, and draws itself. Names to
choose from: ``segment_choices``; spans and moments: ``segment_times``; which control a part gets:
``segment_kinds``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any as Json
from typing import Protocol

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhiyin.domain.errors import BadRule
from zhiyin.domain.money import to_major, to_minor
from zhiyin.entrypoints.console import words
from zhiyin.entrypoints.console.segment_form import Fields, one
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import Adder, Line, Piece, Slot, slotted
from zhiyin.loop.profile.parts import REQUIRED, Part

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
    "percent": _("Share in percent"),
    "property": _("Property"),
    "campaign": _("Campaign"),
    "channel": _("Channel"),
    "purpose": _("Purpose"),
    "phrase": _("What is looked for"),
    "choice": _("Choice"),
    "measure": _("Figure"),
    "aim": _("Near to"),
    "seed": _("Name of the draw"),
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

    def adder(self, fields: Fields, path: str) -> Adder | None:
        """The button that puts another line there."""


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
            if self.part.default is REQUIRED or (self.part.default not in (None, "") and self.name in fields):
                raise Unfinished
            return {}
        checked(self.part, typed, self.label, shop)
        return {self.key: typed}

    def show(self, form: Mapping[str, Json], shop: Shop) -> Fields:
        return self.shown(form[self.key], shop) if self.key in form else {}

    def lines(self, fields: Fields, path: str, shop: Shop) -> tuple[Line, ...]:
        return ()

    def adder(self, fields: Fields, path: str) -> Adder | None:
        return None

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


class Number(Single):
    """A number, whole or not; the part says which."""

    __slots__ = ()

    def typed(self, fields: Fields, shop: Shop) -> Json:
        return number(self.value(fields))

    def shown(self, value: Json, shop: Shop) -> Fields:
        return {self.name: (plain(value),)}

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        return slotted(Slot("number", path + self.name, self.value(fields), self.label, width=4))


class Percent(Number):
    """A share in percent."""

    __slots__ = ()

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        slot = Slot("number", path + self.name, self.value(fields), self.label, suffix="%", width=4)
        return slotted(slot)


# --- what several controls share ------------------------------------------------------------------------


def number(text: str) -> int | float | None:
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


def plain(number: float) -> str:
    """A number as one would type it.

    >>> plain(3), plain(3.0), plain(2.5)
    ('3', '3', '2.5')
    """
    return str(int(number)) if number == int(number) else repr(number)


def amount(text: str, currency: str) -> int | None:
    """The minor units of an amount, None for none. Raises ``Unfinished`` where it is something else."""
    try:
        return to_minor(text, currency) if text else None
    except ValueError as error:
        raise Unfinished(gettext("“%(text)s” is not an amount.") % {"text": text}) from error


def major(minor: float, currency: str) -> str:
    """An amount as one would type it; what is no amount comes out as it is.

    >>> major(60050, "CNY"), major(60000, "CNY")
    ('600.50', '600')
    """
    if not isinstance(minor, int):
        return plain(minor)
    found = to_major(minor, currency)
    return f"{found:.0f}" if found % 1 == 0 else f"{found:f}"
