"""What a sentence of the builder is drawn from: runs of words, controls in between, lines and their buttons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OTHER = "*"  # the choice that opens a field for a name of one's own
_CUT = re.compile(r"(\{\w+\}|\*[^*]+\*)")


@dataclass(frozen=True, slots=True)
class Slot:
    """A control inside a sentence."""

    control: str  # select | chips | hidden | text | number | date | datetime-local
    name: str
    value: str = ""
    label: str = ""
    options: tuple[tuple[str, str], ...] = ()
    chips: tuple[tuple[str, str], ...] = ()
    prefix: str = ""
    suffix: str = ""
    placeholder: str = ""
    reshapes: bool = False  # a change alters which slots there are
    width: int = 0  # characters; 0 leaves it to the control

    @property
    def id(self) -> str:
        """Stable across redraws, so that focus stays."""
        return "slot-" + self.name.replace(".", "-")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words or one slot."""

    text: str = ""
    strong: bool = False
    slot: Slot | None = None


@dataclass(frozen=True, slots=True)
class Adder:
    """A button that puts another line there: what it does, and what it is called."""

    do: str
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a condition, with the button that takes it away and those that put others below it."""

    pieces: tuple[Piece, ...]
    remove: str = ""
    remove_label: str = ""
    adders: tuple[Adder, ...] = ()
    row: tuple[str, str] = ("", "")  # the field that lists the rows, and which of them this is


def slotted(*slots: Slot) -> tuple[Piece, ...]:
    """Slots alone."""
    return tuple(Piece(slot=slot) for slot in slots)


def cut(template: str, slots: Mapping[str, Sequence[Piece]]) -> tuple[Piece, ...]:
    """A sentence cut at its slots and at its strong words; each language puts them where they belong.

    >>> [piece.text for piece in cut("*did* {event} once", {"event": [Piece("tea")]})]
    ['did', 'tea', 'once']
    """
    pieces: list[Piece] = []
    for part in _CUT.split(template):
        if part.startswith("{"):
            pieces += slots.get(part[1:-1], ())
        elif part.startswith("*"):
            pieces.append(Piece(part.strip("*"), strong=True))
        elif part.strip():
            pieces.append(Piece(part.strip()))
    return tuple(pieces)


def options(labels: Mapping[str, str], current: str, label: str = "") -> tuple[tuple[str, str], ...]:
    """The choices, with the current value added where it is not among them: a rule never loses a value."""
    known = tuple(labels.items())
    return known if current in labels or not current else (*known, (current, label or current))
