"""Segments: a rule is data, a tree of all, any and not over conditions.

The kinds of conditions stand in ``loop/profile/conditions``, one file each; the forms of a rule in
``loop/profile/segment_json``, ``segment_text`` and ``rules``. What every rule means:

* A comparison with a missing trait is false, ``is_not`` and ``not_in`` included, and ``not`` of it true: there
  is no third truth value. An empty text counts as missing.
* Nothing later than ``as_of`` counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import cast

_NEVER, _EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
MAX_DEPTH = 8
MAX_CONDITIONS = 100  # of one rule
MAX_EXPANDED = 500  # of a rule with the segments that it names
MAX_VALUES = 1000  # of one list
MAX_FILTERS = 20  # of one where
MAX_TEXT = 500  # letters of one value
MAX_LETTERS = 200_000  # of a rule in its text form
MAX_DAYS = 36_500  # of a span of time

Scalar = str | int | float | bool
Value = Scalar | tuple[Scalar, ...] | timedelta | datetime | date


class _Node:
    """What every rule can do in Python: ``a & b``, ``a | b``, ``~a``."""

    __slots__ = ()

    def __and__(self, other: Rule) -> All:
        return All((*_several(self, All), other))

    def __or__(self, other: Rule) -> Any:
        return Any((*_several(self, Any), other))

    def __invert__(self) -> Not:
        return Not(cast("Rule", self))


class Condition(_Node):
    """A leaf of a rule. Its kinds stand in ``loop/profile/conditions``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class All(_Node):
    """Every rule holds; true when there is none."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Any(_Node):
    """At least one rule holds; false when there is none."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not(_Node):
    """The rule does not hold."""

    rule: Rule


Rule = All | Any | Not | Condition


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: ``as_of - within < t <= as_of - before`` and ``since <= t < until``.

    What is not given does not bound it, but nothing after ``as_of`` is ever in it. Times are aware, UTC.

    >>> Window(within=timedelta(days=2)).holds(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    True
    """

    within: timedelta | None = None
    before: timedelta | None = None
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, moment: datetime, as_of: datetime) -> bool:
        """Whether a moment lies in it."""
        now = as_of.astimezone(UTC)  # by the wall clock of a zone a day may have 23 or 25 hours
        return (
            moment <= now - (self.before or timedelta())
            and (self.within is None or moment > now - self.within)
            and (self.since is None or moment >= self.since)
            and (self.until is None or moment < self.until)
        )

    def turns(self, moment: datetime, as_of: datetime) -> datetime | None:
        """When the moment comes into the window or leaves it by itself, later than ``as_of``; None for never."""
        if (self.since is not None and moment < self.since) or (
            self.until is not None and moment >= self.until
        ):
            return None
        enters = moment + (self.before or timedelta())
        if enters > as_of:
            return enters
        return moment + self.within if self.within is not None and moment + self.within > as_of else None

    def inside(self, as_of: datetime) -> Callable[[datetime], bool]:
        """``holds`` for many moments: its ends are found once, since one customer may have a million events."""
        now = as_of.astimezone(UTC)
        after = _NEVER if self.within is None else now - self.within
        first, last = self.since or _NEVER, now - (self.before or timedelta())
        end = self.until or _EVER
        return lambda moment: after < moment <= last and first <= moment < end

    def next_turn(self, moments: Iterable[datetime], as_of: datetime) -> datetime | None:
        """The first of ``turns`` of many moments; None where none of them ever comes or leaves by itself."""
        now, before = as_of.astimezone(UTC), self.before or timedelta()
        first, end = self.since or _NEVER, self.until or _EVER
        entered = now - before
        gone = (
            entered if self.within is None else min(entered, now - self.within)
        )  # nothing up to it ever turns
        comes = leaves = None
        for moment in moments:
            if moment > gone and first <= moment < end:
                if moment > entered:
                    comes = moment if comes is None or moment < comes else comes
                elif self.within is not None:
                    leaves = moment if leaves is None or moment < leaves else leaves
        turns = [] if comes is None else [comes + before]
        if leaves is not None and self.within is not None:
            turns.append(leaves + self.within)
        return min(turns, default=None)

    def start(self, as_of: datetime) -> datetime | None:
        """Nothing before this lies in it; None where it is open to the past."""
        starts = [] if self.since is None else [self.since]
        if self.within is not None:
            starts.append(as_of.astimezone(UTC) - self.within)
        return max(starts, default=None)


@dataclass(frozen=True, slots=True)
class Filter:
    """A comparison of a property of an event, such as ``category`` ``is`` ``Tea``."""

    name: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Segment:
    """A named rule; customers enter and leave by themselves."""

    key: str
    name: str
    rule: Rule
    version: int = 1


def conditions(rule: Rule) -> Iterator[Condition]:
    """The leaves of a rule, left to right."""
    match rule:
        case All(rules) | Any(rules):
            for inner in rules:
                yield from conditions(inner)
        case Not(inner):
            yield from conditions(inner)
        case _:
            yield rule


def _several(rule: _Node, kind: type[All] | type[Any]) -> tuple[Rule, ...]:
    """The parts of ``a & b`` in ``a & b & c``, so that it reads as one list of three."""
    return rule.rules if isinstance(rule, kind) and len(rule.rules) > 1 else (cast("Rule", rule),)
