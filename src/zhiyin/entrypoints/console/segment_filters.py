"""Rows below a sentence: filters on the properties of an event, and steps that have filters of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any as Json

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhiyin.entrypoints.console import segment_choices as choices
from zhiyin.entrypoints.console import segment_controls as controls
from zhiyin.entrypoints.console.segment_comparisons import Comparison
from zhiyin.entrypoints.console.segment_form import Fields, above, below, many
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import Adder, Line, Piece, cut
from zhiyin.loop.profile.parts import EVENT, REQUIRED, Part

WHERE = _("where {filter}")
FIRST = _("first {event}")
THEN = _("then {event}")
WITHOUT = _("without {event} in between")
MAX_STEPS = 5


@dataclass(frozen=True, slots=True)
class Filters:
    """The rows of ``where``; all of them must hold. ``name`` is that of the fields and of the JSON form."""

    name: str = "where"

    def read(self, fields: Fields, shop: Shop) -> dict[str, Json]:
        found = [_FILTER.read(below(fields, f"{self.name}.{n}"), shop) for n in many(fields, self.name)]
        return {self.name: found} if found else {}

    def show(self, form: Mapping[str, Json], shop: Shop) -> Fields:
        return rows_of(self.name, [_FILTER.show(one, shop) for one in form.get(self.name, ())])

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        return ()

    def lines(self, fields: Fields, path: str, shop: Shop) -> tuple[Line, ...]:
        lines = []
        for n in many(fields, self.name):
            place = f"{self.name}.{n}"
            pieces = _FILTER.draw(below(fields, place), f"{path}{place}.", shop)
            lines.append(
                Line(
                    cut(str(WHERE), {"filter": pieces}),
                    remove=f"less:{path}{self.name}:{n}",
                    remove_label=gettext("Remove property"),
                    row=(path + self.name, n),
                )
            )
        return tuple(lines)

    def adder(self, fields: Fields, path: str) -> Adder | None:
        return Adder(f"more:{path}{self.name}", gettext("property"))


@dataclass(frozen=True, slots=True)
class Steps:
    """Events one below the other, each with filters of its own. ``key`` is the name in the JSON form."""

    part: Part
    key: str

    def read(self, fields: Fields, shop: Shop) -> dict[str, Json]:
        found = []
        for n in self._rows(fields):
            row = below(fields, f"{self.part.name}.{n}")
            form = _EVENT.read(row, shop) | _WHERE.read(row, shop)
            found.append(form if "where" in form else form["event"])
        controls.checked(self.part, found, gettext("Steps"), shop)
        return {self.key: found} if found else {}

    def show(self, form: Mapping[str, Json], shop: Shop) -> Fields:
        steps = [{"event": one} if isinstance(one, str) else one for one in form.get(self.key, ())]
        shown = rows_of(
            self.part.name, [{**_EVENT.show(one, shop), **_WHERE.show(one, shop)} for one in steps]
        )
        return shown or {self.part.name: ()}

    def draw(self, fields: Fields, path: str, shop: Shop) -> tuple[Piece, ...]:
        return ()

    def lines(self, fields: Fields, path: str, shop: Shop) -> tuple[Line, ...]:
        lines: list[Line] = []
        rows = self._rows(fields)
        for place, n in enumerate(rows):
            name = f"{self.part.name}.{n}"
            row, inner = below(fields, name), f"{path}{name}."
            template = THEN if place else FIRST
            step = Line(
                cut(str(WITHOUT if self._optional else template), {"event": _EVENT.draw(row, inner, shop)}),
                remove=f"less:{path}{self.part.name}:{n}" if len(rows) > self._least else "",
                remove_label=gettext("Remove event"),
                row=(path + self.part.name, n),
            )
            lines += [step, *_WHERE.lines(row, inner, shop)]
            lines[-1] = with_adder(lines[-1], _WHERE.adder(row, inner))
        return tuple(lines)

    def adder(self, fields: Fields, path: str) -> Adder | None:
        if len(self._rows(fields)) >= self.part.kind.schema().get("maxItems", MAX_STEPS):
            return None
        label = gettext("not in between") if self._optional else gettext("step")
        return Adder(f"more:{path}{self.part.name}", label)

    @property
    def _least(self) -> int:
        return int(self.part.kind.schema().get("minItems", 0))

    @property
    def _optional(self) -> bool:
        return self.part.default is not REQUIRED

    def _rows(self, fields: Fields) -> tuple[str, ...]:
        if self.part.name not in fields:
            return tuple(map(str, range(self._least)))
        return many(fields, self.part.name)


_FILTER, _WHERE = Comparison("property"), Filters()
_EVENT = choices.EventName(Part("event", EVENT), "event")


def rows_of(name: str, rows: Sequence[Fields]) -> Fields:
    """The fields of numbered rows, and the field that lists them."""
    fields: dict[str, tuple[str, ...]] = {name: tuple(map(str, range(len(rows))))} if rows else {}
    for n, row in enumerate(rows):
        fields |= above(row, f"{name}.{n}")
    return fields


def with_adder(line: Line, adder: Adder | None) -> Line:
    """The line with one more button that adds."""
    return replace(line, adders=(*line.adders, adder)) if adder else line
