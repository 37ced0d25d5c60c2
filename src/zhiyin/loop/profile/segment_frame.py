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
    takes. ``events`` are the names of the events that count, ``features`` those of the profile's own columns.
    """

    traits: Mapping[str, str]
    properties: Mapping[str, str]
    lines: Mapping[str, Line]
    events: frozenset[str]
    features: frozenset[str] = frozenset()


def plan(rules: Sequence[Rule], as_of: datetime, *, wake: bool = False) -> Plan:
    """What it takes to evaluate some rules at a moment: made before there is any frame.

    With ``wake`` the frame also gets ``wake_at``: the next moment at which time alone may change one of the
    rules for a customer, null if it never does. It may come too early, but never too late.
    """
    made = Plan(as_of, wake=wake)
    made.rules = [_expression(rule, made) for rule in rules]
    return made


class Plan:
    """Columns that conditions ask for, and the rules as expressions on them.

    Equal requests share a column. Columns are numbered, since names of traits differ only by case at times.
    """

    def __init__(self, as_of: datetime, *, wake: bool = False) -> None:
        self.as_of = as_of
        self.wake = wake
        self._turns: list[nw.Expr] = []
        self.now = plain(as_of)
        self.rules: list[nw.Expr] = []
        self._features: set[str] = set()
        self._traits: dict[str, str] = {}
        self._properties: dict[str, str] = {}
        self._lines: dict[Line, str] = {}
        self._tallies: dict[str, _Tally] = {}

    def trait(self, name: str) -> nw.Expr:
        """The column of a trait: its own, or for a stated one its text."""
        if name in TRAIT_KINDS:
            self._features.add(name)
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
            fits = reduce(and_, flags(), _always(nw.col("event") == event, window))
            self._tallies[key] = _Tally(f"tally_{len(self._tallies)}", event, window, fits)
        return nw.col(self._tallies[key].column)

    def wakes(self, turn: nw.Expr) -> None:
        """Note a moment, on the profile, at which time alone may change an answer."""
        self._turns.append(turn)

    @property
    def needs(self) -> Needs:
        """The columns that ``mark`` will look at."""
        return Needs(
            traits={column: f"traits.{name}" for name, column in self._traits.items()},
            properties={column: f"properties.{name}" for name, column in self._properties.items()},
            lines={column: fields for fields, column in self._lines.items()},
            events=frozenset(one.event for one in self._tallies.values()),
            features=frozenset(self._features),
        )

    def mark(self, profiles: Frame, events: Frame) -> Frame:
        """The profiles with a true or false column ``rule_0``, ``rule_1``, … for each rule, never null."""
        frame = profiles
        if self._tallies:
            frame = frame.join(self._counts(events), on="customer_id", how="left")
        columns = {f"rule_{i}": rule for i, rule in enumerate(self.rules)}
        if self.wake:
            turns = [*self._turns, *(nw.col(one.turns) for one in self._tallies.values())]
            columns["wake_at"] = (
                nw.min_horizontal(*turns) if len(turns) > 1 else turns[0] if turns else _NEVER
            )
        return frame.with_columns(**columns) if columns else frame

    def counted(self, events: Frame) -> Frame:
        """Those events that the rules may count; ``mark`` looks at no others."""
        tallies = list(self._tallies.values())
        # equalities joined by "or" reach the Parquet reader, where a list to look into would not
        wanted = reduce(or_, (nw.col("event") == name for name in sorted({one.event for one in tallies})))
        known = events.filter(wanted, ~nw.col("customer_id").is_null())
        if not self.wake:  # what is ahead of the clock will come to count
            known = known.filter(nw.col("timestamp") <= self.now)
        starts = [one.window.start(self.as_of) for one in tallies]
        bounded = [start for start in starts if start is not None]
        if len(bounded) == len(starts):
            start = plain(min(bounded))
            # the month too, so that files of older partitions are not opened
            known = known.filter(nw.col("timestamp") >= start, nw.col("month") >= f"{start:%Y-%m}")
        return known

    def _counts(self, events: Frame) -> Frame:
        """How often each customer did each thing: one scan for all of them."""
        tallies, known = list(self._tallies.values()), self.counted(events)
        counts = {one.column: one.fits & _now(one.window, self.now, ahead=self.wake) for one in tallies}
        if len(tallies) == 1 and not self.wake:
            ((column, counted),) = counts.items()
            return known.filter(counted).group_by("customer_id").agg(nw.len().alias(column))
        ones = [
            nw.when(counted).then(nw.lit(1)).otherwise(nw.lit(0)).alias(column)
            for column, counted in counts.items()
        ]
        turns = [_turn(one, self.now).alias(one.turns) for one in tallies] if self.wake else []
        grouped = known.select("customer_id", *ones, *turns).group_by("customer_id")
        least = [nw.col(one.turns).min() for one in tallies] if self.wake else []
        return grouped.agg(*(nw.col(column).sum() for column in counts), *least)


@dataclass(frozen=True, slots=True)
class _Tally:
    column: str
    event: str
    window: Window
    fits: nw.Expr = field(repr=False)  # whatever the time

    @property
    def turns(self) -> str:
        """The column of the next moment at which time changes the count."""
        return f"{self.column}_turns"


def plain(moment: datetime) -> datetime:
    """A moment as the lake keeps it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


_NEVER = nw.lit(None).cast(nw.Datetime("us"))


def _always(flag: nw.Expr, window: Window) -> nw.Expr:
    """Narrowed to the part of a window that stays where it is."""
    if window.since is not None:
        flag = flag & (nw.col("timestamp") >= plain(window.since))
    if window.until is not None:
        flag = flag & (nw.col("timestamp") < plain(window.until))
    return flag


def _now(window: Window, now: datetime, *, ahead: bool) -> nw.Expr:
    """The part of a window that moves with the clock. Unless ``ahead``, nothing later is in the frame."""
    time, flag = nw.col("timestamp"), nw.lit(True)
    if window.within is not None:
        flag = flag & (time > now - window.within)
    if window.before is not None or ahead:
        flag = flag & (time <= now - (window.before or timedelta()))
    return flag


def _turn(one: _Tally, now: datetime) -> nw.Expr:
    """When an event comes into the window or leaves it by itself; null for never."""
    time, window = nw.col("timestamp"), one.window
    enters = time + nw.lit(window.before) if window.before else time
    turn = nw.when(one.fits & (enters > now)).then(enters)
    if window.within is None:
        return turn
    leaves = time + nw.lit(window.within)
    return turn.otherwise(nw.when(one.fits & (leaves > now)).then(leaves))


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
