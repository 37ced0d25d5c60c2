"""The flow of people between two dates: who stood where at the first, and where at the second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zhiyin.domain.lifecycle import Lifecycle

NOT_YET = "not_yet"  # at the first moment nothing was known of them
PLACES = (NOT_YET, *(stage.value for stage in Lifecycle))
_NAMELESS = (NOT_YET, Lifecycle.ANONYMOUS)
_AWAY = (Lifecycle.LEAD, Lifecycle.AT_RISK, Lifecycle.LAPSED)


class Course(StrEnum):
    """What a move means for the shop."""

    CAME = "came"  # was no customer before, at most a visitor without a name
    STAYED = "stayed"
    CLOSER = "closer"  # to a stage of those who buy, or from lapsed to at risk
    AWAY = "away"  # to at risk or lapsed, or back to lead since every order was cancelled


@dataclass(frozen=True, slots=True)
class Move:
    """People who stood in one place and then in another; a place is a stage or ``NOT_YET``.

    They are customers, or visitors where the end is ``anonymous``.
    """

    start: str
    end: str
    customers: int

    @property
    def course(self) -> Course:
        """What the move means.

        >>> Move("active", "lapsed", 3).course, Move("anonymous", "lead", 2).course
        (<Course.AWAY: 'away'>, <Course.CAME: 'came'>)
        """
        if self.start == self.end:
            return Course.STAYED
        if self.start in _NAMELESS:
            return Course.CAME
        if self.end not in _AWAY:
            return Course.CLOSER
        # they ordered in between, or the usual gap became longer
        return (
            Course.CLOSER if (self.start, self.end) == (Lifecycle.LAPSED, Lifecycle.AT_RISK) else Course.AWAY
        )


@dataclass(frozen=True, slots=True)
class Flow:
    """Everyone known at the second moment, and the visitors of whom nobody knew then who they are.

    A customer has the place at the first moment and the stage at the second; who was only a visitor at the first
    comes from ``anonymous``. ``gap_first`` and ``gap_second`` are the usual days between orders that the stages
    were judged by.

    >>> now = datetime(2026, 3, 1)
    >>> flow = Flow(now, now, (Move("active", "active", 3), Move("active", "at_risk", 1), Move("not_yet", "anonymous", 9)))
    >>> flow.at_first["active"], flow.at_second["at_risk"], flow.of(Course.AWAY), flow.customers, flow.visitors
    (4, 1, 1, 4, 9)
    """

    first: datetime
    second: datetime
    moves: tuple[Move, ...]  # in the order of the places; none of nobody
    gap_first: int | None = None
    gap_second: int | None = None

    @property
    def at_first(self) -> Mapping[str, int]:
        """People by place at the first moment; zeros included."""
        return starts(self.moves)

    @property
    def at_second(self) -> Mapping[str, int]:
        """People by stage at the second moment; zeros included."""
        return ends(self.moves)

    @property
    def of_customers(self) -> tuple[Move, ...]:
        """The moves of those who are customers at the second moment."""
        return tuple(move for move in self.moves if move.end != Lifecycle.ANONYMOUS)

    @property
    def of_visitors(self) -> tuple[Move, ...]:
        """The moves of those who are visitors without a name at one of the moments, or at both."""
        return tuple(move for move in self.moves if Lifecycle.ANONYMOUS in (move.start, move.end))

    @property
    def customers(self) -> int:
        """How many were known at the second moment."""
        return sum(move.customers for move in self.of_customers)

    @property
    def visitors(self) -> int:
        """How many were visitors without a name at the second moment."""
        return self.at_second[Lifecycle.ANONYMOUS]

    @property
    def named(self) -> int:
        """How many were visitors without a name at the first moment and customers at the second."""
        return sum(move.customers for move in self.of_customers if move.start == Lifecycle.ANONYMOUS)

    def count(self, start: str, end: str) -> int:
        """How many went from a place to a stage."""
        return sum(m.customers for m in self.moves if (m.start, m.end) == (start, end))

    def of(self, course: Course) -> int:
        """To how many customers this happened; ``customers`` is the sum over all courses."""
        return sum(move.customers for move in self.of_customers if move.course == course)


def starts(moves: Iterable[Move]) -> dict[str, int]:
    """People by the place where the moves begin; zeros included."""
    found = dict.fromkeys(PLACES, 0)
    for move in moves:
        found[move.start] += move.customers
    return found


def ends(moves: Iterable[Move]) -> dict[str, int]:
    """People by the stage where the moves end; zeros included."""
    found = dict.fromkeys(PLACES[1:], 0)
    for move in moves:
        found[move.end] += move.customers
    return found
