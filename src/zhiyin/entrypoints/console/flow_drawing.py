"""The flow between two days as bands: where each place and each move stands, in pixels from the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zhiyin.domain.flow import PLACES, Move, ends, starts

_LABEL = 40  # room for two lines of text beside the smallest place
_SCALE = 240  # what all people together are high
_BAR = 1.5  # width of a place's bar, of 100


@dataclass(frozen=True, slots=True)
class Place:
    """A place on one side: its bar from ``top``, and the middle where its label stands."""

    code: str
    customers: int
    top: float
    height: float

    @property
    def middle(self) -> float:
        """Where the label stands."""
        return round(self.top + self.height / 2, 2)


@dataclass(frozen=True, slots=True)
class Band:
    """One move: a path in a box 100 wide and as high as the drawing."""

    move: Move
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Both sides and what runs between them; heights in pixels, widths of 100."""

    height: int
    left: tuple[Place, ...]
    right: tuple[Place, ...]
    bands: tuple[Band, ...]


def draw(moves: Sequence[Move]) -> Drawing | None:
    """The drawing of moves, None where there are none; heights are in proportion to people."""
    people = sum(move.customers for move in moves)
    if not people:
        return None
    sides = [
        [(place, count) for place, count in counts.items() if count]
        for counts in (starts(moves), ends(moves))
    ]
    height = _LABEL * max(map(len, sides)) + _SCALE
    left, right = (_side(side, people, height) for side in sides)
    bands = []
    tops = {place.code: place.top for place in left}
    arrivals = {place.code: place.top for place in right}
    each = _SCALE / people
    for move in sorted(moves, key=lambda move: (PLACES.index(move.start), PLACES.index(move.end))):
        thick = move.customers * each
        path = _path(tops[move.start], arrivals[move.end], max(thick, 0.75))
        tops[move.start] += thick
        arrivals[move.end] += thick
        bands.append(Band(move, path))
    return Drawing(height, left, right, tuple(bands))


def _side(counts: Sequence[tuple[str, int]], people: int, height: int) -> tuple[Place, ...]:
    """Places one below the other, each with at least the room of its label."""
    room = (height - _SCALE) / len(counts)
    places, top = [], 0.0
    for code, count in counts:
        thick = _SCALE * count / people
        places.append(Place(code, count, round(top + room / 2, 2), round(max(thick, 0.75), 2)))
        top += room + thick
    return tuple(places)


def _path(start: float, end: float, thick: float) -> str:
    """A band that leaves and arrives level."""
    first, last = _BAR, 100 - _BAR
    return (
        f"M{first} {start:.2f}C50 {start:.2f} 50 {end:.2f} {last} {end:.2f}"
        f"V{end + thick:.2f}C50 {end + thick:.2f} 50 {start + thick:.2f} {first} {start + thick:.2f}Z"
    )
