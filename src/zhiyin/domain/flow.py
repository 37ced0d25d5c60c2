"""The flow of customers between two dates: who stood where at the first, and where at the second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zhiyin.domain.lifecycle import Lifecycle

NOT_YET = "not_yet"  # at the first moment nothing was known of them
PLACES = (NOT_YET, *(stage.value for stage in Lifecycle))
_AWAY = (Lifecycle.LEAD, Lifecycle.AT_RISK, Lifecycle.LAPSED)


class Course(StrEnum):
    """What a move means for the shop."""

    CAME = "came"  # was not known before
    STAYED = "stayed"
    CLOSER = "closer"  # to a stage of those who buy, or from lapsed to at risk
    AWAY = "away"  # to at risk or lapsed, or back to lead since every order was cancelled


@dataclass(frozen=True, slots=True)
class Move:
    """Customers who stood in one place and then in another; a place is a stage or ``NOT_YET``."""

    start: str
    end: str
    customers: int

    @property
    def course(self) -> Course:
        """What the move means.

        >>> Move("active", "lapsed", 3).course
        <Course.AWAY: 'away'>
        """
        if self.start == NOT_YET:
            return Course.CAME
        if self.start == self.end:
            return Course.STAYED
        if self.end not in _AWAY:
            return Course.CLOSER
        # they ordered in between, or the usual gap became longer
        return (
            Course.CLOSER if (self.start, self.end) == (Lifecycle.LAPSED, Lifecycle.AT_RISK) else Course.AWAY
        )


@dataclass(frozen=True, slots=True)
class Flow:
    """Everyone known at the second moment, by the place at the first and the stage at the second.

    ``gap_first`` and ``gap_second`` are the usual days between orders that the stages were judged by.

    >>> now = datetime(2026, 3, 1)
    >>> flow = Flow(now, now, (Move("active", "active", 3), Move("active", "at_risk", 1)))
    >>> flow.at_first["active"], flow.at_second["at_risk"], flow.of(Course.AWAY)
    (4, 1, 1)
    """

    first: datetime
    second: datetime
    moves: tuple[Move, ...]  # in the order of the stages; none of nobody
    gap_first: int | None = None
    gap_second: int | None = None

    @property
    def at_first(self) -> Mapping[str, int]:
        """Customers by place at the first moment; zeros included."""
        return {place: sum(m.customers for m in self.moves if m.start == place) for place in PLACES}

    @property
    def at_second(self) -> Mapping[str, int]:
        """Customers by stage at the second moment; zeros included."""
        return {stage: sum(m.customers for m in self.moves if m.end == stage) for stage in PLACES[1:]}

    @property
    def customers(self) -> int:
        """How many were known at the second moment."""
        return sum(move.customers for move in self.moves)

    def count(self, start: str, end: str) -> int:
        """How many went from a place to a stage."""
        return sum(m.customers for m in self.moves if (m.start, m.end) == (start, end))

    def of(self, course: Course) -> int:
        """How many moves mean this."""
        return sum(move.customers for move in self.moves if move.course == course)
