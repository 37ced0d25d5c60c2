"""How many, or how much: at least, exactly, at most, or between two numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any as Json

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhiyin.entrypoints.console import segment_controls as controls
from zhiyin.entrypoints.console.segment_controls import Unfinished
from zhiyin.entrypoints.console.segment_form import Fields, one
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import Line, Piece, Slot, cut, slotted
from zhiyin.loop.profile.parts import Part

NAMES = ("at_least", "at_most")
MODES: Mapping[str, Json] = {
    "at_least": _("at least"),
    "at_most": _("at most"),
    "exactly": _("exactly"),
    "between": _("between"),
}
BETWEEN = _("{mode} {at_least} and {at_most}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """``at_least`` and ``at_most`` together.

    Where the first has a default (once), "at most" would leave out those at none, so that it is not offered.
    """

    least: Part
    most: Part

    def read(self, fields: Fields, shop: Shop) -> dict[str, Json]:
        mode = self._mode(fields)
        form = {}
        for part in (self.least, self.most):
            if part.name in _needed(mode):
                label = str(controls.LABELS[part.name])
                typed = controls.number(self._value(fields, part), label)
                if typed is None:
                    raise Unfinished
                controls.checked(part, typed, label, shop)
                form[part.name] = typed
        if mode == "exactly":
            form["at_most"] = form["at_least"]
        elif mode == "between" and form["at_least"] > form["at_most"]:
            raise Unfinished(gettext("The first number must not be larger than the second."))
        return form

    def show(self, form: Mapping[str, Json], shop: Shop) -> Fields:
        least, most = form.get("at_least", self.least.default), form.get("at_most")
        if most is None:
            return {"bounds": ("at_least",), "at_least": () if least is None else (plain(least),)}
        if least is None:
            return {"bounds": ("at_most",), "at_most": (plain(most),)}
        mode = "exactly" if least == most else "between"
        return {"bounds": (mode,), "at_least": (plain(least),), "at_most": (plain(most),)}

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        mode = self._mode(fields)
        offered = {name: str(label) for name, label in MODES.items() if name in self._offered()}
        slots = {
            part.name: slotted(
                Slot(
                    "number",
                    path + part.name,
                    self._value(fields, part),
                    str(controls.LABELS[part.name]),
                    width=4,
                )
            )
            for part in (self.least, self.most)
        }
        chosen = Slot(
            "select", f"{path}bounds", mode, gettext("How many"), tuple(offered.items()), reshapes=True
        )
        if mode == "between":
            return cut(str(BETWEEN), {"mode": slotted(chosen), **slots})
        return (*slotted(chosen), *slots["at_most" if mode == "at_most" else "at_least"])

    def lines(self, fields: Fields, path: str, shop: Shop) -> tuple[Line, ...]:
        return ()

    def _mode(self, fields: Fields) -> str:
        mode = one(fields, "bounds", "at_least")
        return mode if mode in self._offered() else "at_least"

    def _offered(self) -> tuple[str, ...]:
        return tuple(mode for mode in MODES if mode != "at_most" or self.least.default is None)

    def _value(self, fields: Fields, part: Part) -> str:
        return one(fields, part.name, "" if part.default is None else plain(part.default))


def plain(number: float) -> str:
    """A number as one would type it.

    >>> plain(3), plain(3.0), plain(2.5)
    ('3', '3', '2.5')
    """
    return str(int(number)) if number == int(number) else repr(number)


def _needed(mode: str) -> tuple[str, ...]:
    return {"at_most": ("at_most",), "between": NAMES}.get(mode, ("at_least",))
