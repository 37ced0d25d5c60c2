"""How many, or how much: at least, exactly, at most, or between two numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any as Json

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhiyin.domain.money import SYMBOLS
from zhiyin.entrypoints.console import segment_controls as controls
from zhiyin.entrypoints.console.segment_controls import Unfinished
from zhiyin.entrypoints.console.segment_form import Fields, one
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import Adder, Line, Piece, Slot, cut, slotted
from zhiyin.loop.profile.parts import Part

AMOUNT = "amount"  # of an event, in minor units
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
    of: Part | None = None  # the property that is bounded, if any; amounts are typed in major units

    def read(self, fields: Fields, shop: Shop) -> dict[str, Json]:
        mode, money = self._mode(fields), self._money(one(fields, "of"))
        form = {}
        for part in (self.least, self.most):
            if part.name in _needed(mode):
                text = self._value(fields, part)
                typed = controls.amount(text, shop.currency) if money else controls.number(text)
                if typed is None:
                    raise Unfinished
                controls.checked(part, typed, str(controls.LABELS[part.name]), shop)
                form[part.name] = typed
        if mode == "exactly":
            form["at_most"] = form["at_least"]
        elif mode == "between" and form["at_least"] > form["at_most"]:
            raise Unfinished(gettext("The first number must not be larger than the second."))
        return form

    def show(self, form: Mapping[str, Json], shop: Shop) -> Fields:
        least, most = form.get("at_least", self.least.default), form.get("at_most")
        mode = "between"
        if most is None or least is None:
            mode = "at_least" if most is None else "at_most"
        elif least == most:
            mode = "exactly"
        money = self._money(str(form.get("of", "")))
        typed = {
            name: (controls.major(value, shop.currency) if money else controls.plain(value),)
            for name, value in (("at_least", least), ("at_most", most))
            if value is not None
        }
        return {"bounds": (mode,), **typed}

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        mode = self._mode(fields)
        offered = {name: str(label) for name, label in MODES.items() if name in self._offered()}
        chosen = Slot(
            "select", f"{path}bounds", mode, gettext("How many"), tuple(offered.items()), reshapes=True
        )
        slots = {part.name: self._slot(fields, path, part, shop) for part in (self.least, self.most)}
        if mode == "between":
            return cut(str(BETWEEN), {"mode": slotted(chosen), **slots})
        return (*slotted(chosen), *slots["at_most" if mode == "at_most" else "at_least"])

    def lines(self, fields: Fields, path: str, shop: Shop) -> tuple[Line, ...]:
        return ()

    def adder(self, fields: Fields, path: str) -> Adder | None:
        return None

    def _slot(self, fields: Fields, path: str, part: Part, shop: Shop) -> tuple[Piece, ...]:
        money = self._money(one(fields, "of"))
        label, value = str(controls.LABELS[part.name]), self._value(fields, part)
        prefix = SYMBOLS.get(shop.currency, shop.currency) if money else ""
        return slotted(Slot("number", path + part.name, value, label, prefix=prefix, width=6 if money else 4))

    def _money(self, of: str) -> bool:
        """Whether what is bounded is an amount."""
        return self.of is not None and (of or self.of.default) == AMOUNT

    def _mode(self, fields: Fields) -> str:
        mode = one(fields, "bounds", "at_least")
        return mode if mode in self._offered() else "at_least"

    def _offered(self) -> tuple[str, ...]:
        return tuple(mode for mode in MODES if mode != "at_most" or self.least.default is None)

    def _value(self, fields: Fields, part: Part) -> str:
        return one(fields, part.name, "" if part.default is None else controls.plain(part.default))


def _needed(mode: str) -> tuple[str, ...]:
    return {"at_most": ("at_most",), "between": NAMES}.get(mode, ("at_least",))
