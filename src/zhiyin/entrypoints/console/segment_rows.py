"""The builder ready to draw: rows of sentences, groups, and the figures beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext

from zhiyin.entrypoints.console import segment_kinds as kinds
from zhiyin.entrypoints.console.segment_form import Condition, Form, Group
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.entrypoints.console.segment_slot import Line


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands beside a condition or group: who is left after it, or why it is not counted."""

    place: str
    left: int | None = None
    unfinished: bool = False
    problem: str = ""

    @property
    def id(self) -> str:
        """The place as part of an element's id."""
        return self.place.replace(".", "-")

    @property
    def index(self) -> str:
        """The number within the part that holds it."""
        return self.place.rpartition(".")[2]

    @property
    def holder(self) -> str:
        """The field that lists the places of the part that holds it."""
        outer = self.place.rpartition(".")[0]
        return f"{outer}.place" if outer else "place"


@dataclass(frozen=True, slots=True)
class Row:
    """One condition ready to draw: its lines, and its figure."""

    mark: Mark
    token: str
    icon: str
    lines: tuple[Line, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the builder: a row, or a group with its rows."""

    mark: Mark
    row: Row | None = None
    match: str = ""
    rows: tuple[Row, ...] = ()


def draw(form: Form, shop: Shop, left: Mapping[str, int], unfinished: Mapping[str, str]) -> list[Part]:
    """The parts of a form, ready for the template. ``left`` and ``unfinished`` go by place."""

    def mark(place: str) -> Mark:
        return Mark(place, left.get(place), place in unfinished, unfinished.get(place, ""))

    parts = []
    for index, part in enumerate(form.parts):
        place = str(index)
        if isinstance(part, Group):
            rows = tuple(_row(one, mark(f"{place}.{n}"), shop) for n, one in enumerate(part.conditions))
            parts.append(Part(mark(place), match=part.match, rows=rows))
        else:
            parts.append(Part(mark(place), row=_row(part, mark(place), shop)))
    return parts


def marks(parts: Iterable[Part]) -> list[Mark]:
    """The figures of all conditions and groups, to refresh them without touching what is being typed."""
    return [mark for part in parts for mark in (part.mark, *(row.mark for row in part.rows))]


def _row(condition: Condition, mark: Mark, shop: Shop) -> Row:
    said = kinds.sentence(condition)
    return Row(
        mark,
        condition.token,
        said.icon if said else "filter",
        kinds.lines(condition, f"{mark.place}.", shop),
        label=gettext("Condition %(place)s") % {"place": _spoken(mark.place)},
    )


def _spoken(place: str) -> str:
    return ".".join(str(int(n) + 1) for n in place.split("."))
