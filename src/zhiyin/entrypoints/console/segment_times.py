"""Controls of the builder for spans of time, moments and days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any as Json

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhiyin.entrypoints.console.segment_controls import Single, Unfinished
from zhiyin.entrypoints.console.segment_form import Fields, one
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import Piece, Slot, options, slotted

UNITS: Mapping[str, Json] = {"m": _("minutes"), "h": _("hours"), "d": _("days"), "w": _("weeks")}


class Duration(Single):
    """A span of time: a number and a unit."""

    __slots__ = ()

    def typed(self, fields: Fields, shop: Shop) -> Json:
        return span(fields, self.name)

    def shown(self, value: Json, shop: Shop) -> Fields:
        return spanned(value, self.name)

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        at_first = {} if self.name in fields or not self.value({}) else spanned(self.value({}), self.name)
        nothing = gettext("any") if self.part.default is None else ""
        return span_slots({**at_first, **fields}, path, self.name, self.label, placeholder=nothing)


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


def span(fields: Fields, name: str) -> str | None:
    """A span of time as ``90d``, None where no number was typed."""
    typed = one(fields, name)
    if typed and not (typed.isascii() and typed.isdigit()):
        raise Unfinished(gettext("“%(text)s” is not a whole number.") % {"text": typed})
    return f"{int(typed)}{one(fields, f'{name}_unit', 'd')}" if typed else None


def spanned(value: str, name: str) -> Fields:
    """The fields of ``90d``."""
    return {name: (value[:-1],), f"{name}_unit": (value[-1],)}


def span_slots(
    fields: Fields, path: str, name: str, label: str, units: str = "mhdw", placeholder: str = ""
) -> tuple[Piece, ...]:
    """The number and the unit of a span of time."""
    unit = one(fields, f"{name}_unit", "d")
    labels = {letter: _unit(letter, one(fields, name)) for letter in units}
    return slotted(
        Slot("number", path + name, one(fields, name), label, placeholder=placeholder, width=4),
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
