"""The period of a condition: one choice, and the fields that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any as Json

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from zhiyin.entrypoints.console import segment_controls as controls
from zhiyin.entrypoints.console import segment_times as times
from zhiyin.entrypoints.console.segment_controls import Unfinished
from zhiyin.entrypoints.console.segment_form import Fields, one
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import Adder, Line, Piece, Slot, cut, slotted
from zhiyin.loop.profile import parts
from zhiyin.loop.profile.parts import WINDOW

NAMES = tuple(part.name for part in WINDOW)
SPANS = ("within", "before")
PERIODS = (1, 7, 14, 30, 45, 60, 90, 180, 365, 730)  # in days
MONTHS = {180: 6, 365: 12, 730: 24}
# the choice of a period -> the parts that it is made of, what it is called, and its fields in a sentence
MODES: Mapping[str, tuple[frozenset[str], Json, Json]] = {
    "within": (frozenset({"within"}), _("within…"), _("{period} {within}")),
    "between": (frozenset(SPANS), _("between … ago"), _("{period} {within} and {before}")),
    "before": (frozenset({"before"}), _("more than … ago"), _("{period} {before}")),
    "since": (frozenset({"since"}), _("since a date"), _("{period} {since}")),
    "until": (frozenset({"until"}), _("before a date"), _("{period} {until}")),
    "dates": (frozenset({"since", "until"}), _("between two dates"), _("{period} {since} and {until}")),
    "several": (
        frozenset(NAMES),
        _("with several limits"),
        _("{period} within {within}, more than {before} ago, since {since}, before {until}"),
    ),
}


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: ``within``, ``before``, ``since`` and ``until`` together."""

    name = "window"

    def read(self, fields: Fields, shop: Shop) -> dict[str, Json]:
        mode = one(fields, "window")
        if not mode:
            return {}
        if mode.isdigit():
            return {"within": f"{mode}d"}
        wanted = MODES[mode][0] if mode in MODES else frozenset()
        found = {name: self._typed(fields, name) for name in NAMES if name in wanted}
        form = {name: value for name, value in found.items() if value is not None}
        if not form or (len(form) < len(found) and mode != "several"):
            raise Unfinished
        for part in WINDOW:
            if part.name in form:
                controls.checked(part, form[part.name], str(controls.LABELS[part.name]), shop)
        _check(form, shop)
        return form

    def show(self, form: Mapping[str, Json], shop: Shop) -> Fields:
        given = {name: form[name] for name in NAMES if name in form}
        within = str(given.get("within", ""))
        if len(given) == 1 and within.endswith("d") and int(within[:-1]) in PERIODS:
            return {"window": (within[:-1],)}
        mode = next((mode for mode, (names, *_rest) in MODES.items() if names == given.keys()), "several")
        fields: dict[str, tuple[str, ...]] = {"window": (mode if given else "",)}
        for name, value in given.items():
            fields |= times.spanned(value, name) if name in SPANS else {name: (times.local(value, shop),)}
        return fields

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        mode = one(fields, "window")
        choices = {"": gettext("at any time"), **{str(days): period(days) for days in PERIODS}}
        choices |= {name: str(label) for name, (_names, label, _text) in MODES.items()}
        chosen = slotted(
            Slot("select", f"{path}window", mode, gettext("Period"), tuple(choices.items()), reshapes=True)
        )
        if mode not in MODES:
            return chosen
        slots = {name: self._slots(fields, path, name) for name in NAMES}
        return cut(str(MODES[mode][2]), {"period": chosen, **slots})

    def lines(self, fields: Fields, path: str, shop: Shop) -> tuple[Line, ...]:
        return ()

    def adder(self, fields: Fields, path: str) -> Adder | None:
        return None

    def _typed(self, fields: Fields, name: str) -> str | None:
        return times.span(fields, name) if name in SPANS else times.local_time(one(fields, name))

    def _slots(self, fields: Fields, path: str, name: str) -> tuple[Piece, ...]:
        label = str(controls.LABELS[name])
        if name in SPANS:
            return times.span_slots(fields, path, name, label)
        return slotted(Slot("datetime-local", path + name, one(fields, name), label))


def period(days: int) -> str:
    """The last so many days, in months where those are meant."""
    if days in MONTHS:
        return gettext("within %(months)s months") % {"months": MONTHS[days]}
    return ngettext("within %(days)s day", "within %(days)s days", days) % {"days": days}


def _check(form: Mapping[str, Json], shop: Shop) -> None:
    """Raise ``Unfinished`` for a window in which no moment lies."""
    spans: dict[str, timedelta] = {n: parts.DURATION.read(form[n], n, shop.zone) for n in SPANS if n in form}
    moments: dict[str, datetime] = {
        name: parts.MOMENT.read(form[name], name, shop.zone) for name in ("since", "until") if name in form
    }
    if len(spans) == 2 and spans["within"] <= spans["before"]:
        raise Unfinished(gettext("The first span must be longer than the second."))
    if len(moments) == 2 and moments["since"] >= moments["until"]:
        raise Unfinished(gettext("The first date must be earlier than the second."))
