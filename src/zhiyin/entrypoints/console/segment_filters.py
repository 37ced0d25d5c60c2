"""Rows below a sentence: filters on the properties of an event, and steps that have filters of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any as Json

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhiyin.entrypoints.console.segment_comparisons import Comparison
from zhiyin.entrypoints.console.segment_form import Fields, above, below, many
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import Line, Piece, cut

WHERE = _("where {filter}")


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


_FILTER = Comparison("property")


def rows_of(name: str, rows: Sequence[Fields]) -> Fields:
    """The fields of numbered rows, and the field that lists them."""
    fields: dict[str, tuple[str, ...]] = {name: tuple(map(str, range(len(rows))))} if rows else {}
    for n, row in enumerate(rows):
        fields |= above(row, f"{name}.{n}")
    return fields


def with_adder(lines: tuple[Line, ...], path: str, name: str = "where") -> tuple[Line, ...]:
    """The lines, the last of them with the button that puts a filter below it."""
    *others, last = lines
    return (*others, replace(last, add=f"more:{path}{name}", add_label=gettext("property")))
