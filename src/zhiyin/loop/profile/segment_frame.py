"""The segment language, all customers at once: rules become expressions on lazy frames.

``segment_python`` says the same for one customer; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import and_, or_
from typing import Any as Unknown

import narwhals as nw

from zhiyin.domain.customer import TRAIT_KINDS
from zhiyin.domain.segment import All, Any, Not, Rule, Window
from zhiyin.loop.profile.condition import Condition

Frame = nw.LazyFrame[Unknown]
Line = tuple[tuple[str, tuple[str, ...]], ...]  # fields of a line, each with the values it may have


@dataclass(frozen=True, slots=True)
class Needs:
    """Columns that the frames must bring for some rules, beside those of their datasets.

    ``traits`` and ``properties`` map a column to the JSON path it is taken from, ``lines`` a column to the
    fields of a line and the values that one and the same line of the event must have. What ``Lake.frame``
    takes. ``events`` are the names of the events that count.
    """

    traits: Mapping[str, str]
    properties: Mapping[str, str]
    lines: Mapping[str, Line]
    events: frozenset[str]


def plan(rules: Sequence[Rule], as_of: datetime) -> Plan:
    """What it takes to evaluate some rules at a moment: made before there is any frame."""
    made = Plan(as_of)
    made.rules = [_expression(rule, made) for rule in rules]
    return made


class Plan:
    """Columns that conditions ask for, and the rules as expressions on them.

    Equal requests share a column. Columns are numbered, since names of traits differ only by case at times.
    """

    def __init__(self, as_of: datetime) -> None:
        self.as_of = as_of
        self.now = plain(as_of)
        self.rules: list[nw.Expr] = []
        self._traits: dict[str, str] = {}
        self._properties: dict[str, str] = {}
        self._lines: dict[Line, str] = {}
        self._tallies: dict[str, _Tally] = {}

    def trait(self, name: str) -> nw.Expr:
        """The column of a trait: its own, or for a stated one its text."""
        if name in TRAIT_KINDS:
            return nw.col(name)
        return nw.col(self._traits.setdefault(name, f"trait_{len(self._traits)}"))

    def event_property(self, name: str) -> nw.Expr:
        """The text of a property of an event."""
        return nw.col(self._properties.setdefault(name, f"property_{len(self._properties)}"))

    def event_field(self, name: str) -> nw.Expr:
        """A column of an event."""
        return nw.col(name)

    def line(self, fields: Line) -> nw.Expr:
        """Whether one line of the event has one of the values in each of the fields; never null."""
        return nw.col(self._lines.setdefault(fields, f"line_{len(self._lines)}"))

    def tally(self, event: str, window: Window, key: str, flags: Callable[[], Sequence[nw.Expr]]) -> nw.Expr:
        """How often each customer did an event in a window, where all flags hold; null is never.

        ``key`` names what is counted: requests of the same key share the column. All tallies of a plan are
        counted in one scan of the events.
        """
        if key not in self._tallies:
            made = reduce(and_, flags(), _in_window(nw.col("event") == event, window, self.now))
            self._tallies[key] = _Tally(f"tally_{len(self._tallies)}", event, window, made)
        return nw.col(self._tallies[key].column)

    @property
    def needs(self) -> Needs:
        """The columns that ``mark`` will look at."""
        return Needs(
            traits={column: f"traits.{name}" for name, column in self._traits.items()},
            properties={column: f"properties.{name}" for name, column in self._properties.items()},
            lines={column: fields for fields, column in self._lines.items()},
            events=frozenset(one.event for one in self._tallies.values()),
        )

    def mark(self, profiles: Frame, events: Frame) -> Frame:
        """The profiles with a true or false column ``rule_0``, ``rule_1``, … for each rule, never null."""
        frame = profiles
        if self._tallies:
            frame = frame.join(self._counts(events), on="customer_id", how="left")
        if not self.rules:
            return frame
        return frame.with_columns(**{f"rule_{i}": rule for i, rule in enumerate(self.rules)})

    def _counts(self, events: Frame) -> Frame:
        """How often each customer did each thing: one scan for all of them."""
        tallies = list(self._tallies.values())
        # equalities joined by "or" reach the Parquet reader, where a list to look into would not
        wanted = reduce(or_, (nw.col("event") == name for name in sorted({one.event for one in tallies})))
        known = events.filter(wanted, ~nw.col("customer_id").is_null(), nw.col("timestamp") <= self.now)
        starts = [one.window.start(self.as_of) for one in tallies]
        bounded = [start for start in starts if start is not None]
        if len(bounded) == len(starts):
            start = plain(min(bounded))
            # the month too, so that files of older partitions are not opened
            known = known.filter(nw.col("timestamp") >= start, nw.col("month") >= f"{start:%Y-%m}")
        if len(tallies) == 1:
            (one,) = tallies
            return known.filter(one.flag).group_by("customer_id").agg(nw.len().alias(one.column))
        marked = known.select(
            "customer_id",
            *(nw.when(one.flag).then(nw.lit(1)).otherwise(nw.lit(0)).alias(one.column) for one in tallies),
        )
        return marked.group_by("customer_id").agg(*(nw.col(one.column).sum() for one in tallies))


@dataclass(frozen=True, slots=True)
class _Tally:
    column: str
    event: str
    window: Window
    flag: nw.Expr = field(repr=False)


def plain(moment: datetime) -> datetime:
    """A moment as the lake keeps it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _in_window(flag: nw.Expr, window: Window, now: datetime) -> nw.Expr:
    """Narrowed to a window; that nothing after ``now`` counts is seen to by the scan."""
    time = nw.col("timestamp")
    if window.within is not None:
        flag = flag & (time > now - window.within)
    if window.before is not None and window.before > timedelta():
        flag = flag & (time <= now - window.before)
    if window.since is not None:
        flag = flag & (time >= plain(window.since))
    if window.until is not None:
        flag = flag & (time < plain(window.until))
    return flag


def _expression(rule: Rule, made: Plan) -> nw.Expr:
    match rule:
        case All(rules):
            return reduce(and_, (_expression(inner, made) for inner in rules), nw.lit(True))
        case Any(rules):
            return reduce(or_, (_expression(inner, made) for inner in rules), nw.lit(False))
        case Not(inner):
            return ~_expression(inner, made)
        case Condition():
            return rule.column(made)
    raise TypeError(f"{rule!r} is not a rule")
