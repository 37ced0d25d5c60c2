"""The segment language, all customers at once: rules become expressions on lazy frames.

``segment_python`` says the same for one customer; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial, reduce
from operator import and_, or_
from typing import Any as Unknown
from typing import Literal

import narwhals as nw

from zhiyin.domain import segment
from zhiyin.domain.customer import TRAIT_KINDS
from zhiyin.domain.interest import Fading
from zhiyin.domain.segment import All, Any, Not, Rule, Window, conditions
from zhiyin.loop.profile.condition import Condition
from zhiyin.loop.profile.conditions.nearest import Cut, Nearest

Frame = nw.LazyFrame[Unknown]
How = Literal["count", "sum", "least", "most"]
_TIME = nw.col("timestamp")
_NEVER = nw.lit(None).cast(nw.Datetime("us"))
Line = tuple[tuple[str, tuple[str, ...]], ...]  # fields of a line, each with the values it may have


@dataclass(frozen=True, slots=True)
class Needs:
    """Columns that the frames must bring for some rules, beside those of their datasets.

    ``traits`` and ``properties`` map a column to the JSON path it is taken from, ``lines`` a column to the
    fields of a line and the values that one and the same line of the event must have. What ``Lake.frame``
    takes. ``events`` are the names of the events that count, ``features`` those of the profile's own columns;
    ``interests`` says whether theirs are needed. ``consents`` maps a column to the JSON path of a channel and
    purpose, ``digests`` to the column and the text before it whose MD5 digest it is.
    """

    traits: Mapping[str, str]
    properties: Mapping[str, str]
    lines: Mapping[str, Line]
    events: frozenset[str]
    features: frozenset[str] = frozenset()
    interests: bool = False
    consents: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    digests: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def profile(self) -> dict[str, str | tuple[str, str, str]]:
        """What is taken from the JSON of a profile."""
        return {**self.traits, **self.consents}


Cuts = Mapping[segment.Condition, Cut | None]


@dataclass(frozen=True, slots=True)
class Frames:
    """What rules are evaluated on: all profiles, and all events, with the columns that the plan needs; interests
    where it needs them."""

    profiles: Frame
    events: Frame
    interests: Frame | None = None


def plan(
    rules: Sequence[Rule],
    as_of: datetime,
    *,
    wake: bool = False,
    fading: Fading | None = None,
    cuts: Cuts | None = None,
) -> Plan:
    """What it takes to evaluate some rules at a moment: made before there is any frame.

    With ``wake`` the frame also gets ``wake_at``: the next moment at which time alone may change one of the
    rules for a customer, null if it never does. It may come too early, but never too late. ``fading`` is that
    of the interests, for rules that ask for them; ``cuts`` are those of the rules' ``nearest``, which take all
    customers to find.
    """
    made = Plan(as_of, wake=wake, fading=fading, cuts=cuts)
    made.rules = [_expression(rule, made) for rule in rules]
    return made


def nearests(rules: Iterable[Rule]) -> tuple[Nearest, ...]:
    """The conditions of rules whose cut has to be found first, each once."""
    found = (one for rule in rules for one in conditions(rule))
    return tuple(dict.fromkeys(one for one in found if isinstance(one, Nearest)))


class Plan:
    """Columns that conditions ask for, and the rules as expressions on them.

    Equal requests share a column. Columns are numbered, since names of traits differ only by case at times.
    """

    def __init__(
        self,
        as_of: datetime,
        *,
        wake: bool = False,
        fading: Fading | None = None,
        cuts: Cuts | None = None,
    ) -> None:
        self.as_of = as_of
        self.wake = wake
        self.fading = fading
        self._interests = False
        self._cuts = cuts or {}
        self._uncut: list[segment.Condition] = []
        self._turns: list[nw.Expr] = []
        self.now = plain(as_of)
        self.rules: list[nw.Expr] = []
        self._features: set[str] = set()
        self._traits: dict[str, str] = {}
        self._properties: dict[str, str] = {}
        self._lines: dict[Line, str] = {}
        self._tallies: dict[str, _Tally] = {}
        self._consents: dict[tuple[str, str], str] = {}
        self._digests: dict[str, str] = {}
        self._asides: dict[str, _Aside] = {}

    def trait(self, name: str) -> nw.Expr:
        """The column of a trait: its own, or for a stated one its text."""
        if name in TRAIT_KINDS:
            self._features.add(name)
            return nw.col(name)
        return nw.col(self._traits.setdefault(name, f"trait_{len(self._traits)}"))

    def consent(self, channel: str, purpose: str) -> nw.Expr:
        """The latest word about a channel and purpose: the text true or false, null where there is none."""
        return nw.col(self._consents.setdefault((channel, purpose), f"consent_{len(self._consents)}"))

    def digest(self, salt: str) -> nw.Expr:
        """The MD5 digest of a text with the customer's id behind it, as 32 small hexadecimal digits."""
        return nw.col(self._digests.setdefault(salt, f"digest_{len(self._digests)}"))

    def cut(self, nearest: segment.Condition) -> Cut | None:
        """Where those who are nearest end; None where there are fewer of them. It must be there for ``mark``."""
        if nearest not in self._cuts:
            self._uncut.append(nearest)
        return self._cuts.get(nearest)

    def event_property(self, name: str) -> nw.Expr:
        """The text of a property of an event."""
        return nw.col(self._properties.setdefault(name, f"property_{len(self._properties)}"))

    def event_field(self, name: str) -> nw.Expr:
        """A column of an event."""
        return nw.col(name)

    def line(self, fields: Line) -> nw.Expr:
        """Whether one line of the event has one of the values in each of the fields; never null."""
        return nw.col(self._lines.setdefault(fields, f"line_{len(self._lines)}"))

    def tally(
        self,
        event: str,
        window: Window,
        key: str,
        flags: Callable[[], Sequence[nw.Expr]],
        value: nw.Expr | None = None,
        how: How = "count",
        *,
        stays: bool = False,
    ) -> nw.Expr:
        """How often each customer did an event in a window where all flags hold; null for who did nothing.

        With a ``value`` of the event, how many of these events have it, or what their values come to: their
        sum, the least or the most of them (null where none has one). ``key`` names the events that count, and
        their value: requests of the same key share the work. All tallies of a plan are counted in one scan of
        the events. What leaves the window, or comes to be long enough ago for it, wakes the customer, unless
        the condition does so itself (``stays``).
        """
        if key not in self._tallies:
            fits = reduce(and_, flags(), _always(nw.col("event") == event, window))
            self._tallies[key] = _Tally(f"tally_{len(self._tallies)}", event, window, fits, value, stays)
        self._tallies[key].hows.add(how)
        return nw.col(self._tallies[key].column(how))

    def aside(
        self, key: str, build: Callable[[Frames], Frame], *columns: str, events: Iterable[str] = ()
    ) -> tuple[nw.Expr, ...]:
        """Columns of a frame of its own, which has one row for each ``customer_id``; null for who is not in it.

        ``build`` makes it once the frames are there; whatever columns it needs of them must be asked for
        before. ``events`` are the names of those that it looks at. Equal keys share the frame.
        """
        if key not in self._asides:
            made = _Aside(f"aside_{len(self._asides)}", build, columns, frozenset(events))
            self._asides[key] = made
        return tuple(nw.col(self._asides[key].column(name)) for name in columns)

    def interest(self, kind: str, value: str) -> tuple[nw.Expr, ...]:
        """The weight of an interest and the total of its kind; null for who has none."""
        self._interests = True
        return self.aside(f"interest {kind} {value}", partial(_interest, kind, value), "weight", "total")

    def inside(self, window: Window, time: nw.Expr = _TIME) -> nw.Expr:
        """Whether an event, or another time, lies in a window now."""
        return _always(_now(window, self.now, time, ahead=True), window, time)

    def turns(self, window: Window, time: nw.Expr) -> nw.Expr:
        """When a time comes into a window or leaves it by itself; null for never."""
        return _turn(_always(nw.lit(True), window, time), window, time, self.now)

    def happened(self, events: Frame, wanted: Iterable[tuple[str, Window]], *, ahead: bool = False) -> Frame:
        """The events of these names by known customers, without those that no window can hold.

        What is ahead of the clock is among them only if asked for. A window still has to be applied.
        """
        asked = list(wanted)
        # equalities joined by "or" reach the Parquet reader, where a list to look into would not
        named = reduce(or_, (nw.col("event") == name for name in sorted({name for name, _ in asked})))
        known = events.filter(named, ~nw.col("customer_id").is_null())
        if not ahead:
            known = known.filter(nw.col("timestamp") <= self.now)
        starts = [window.start(self.as_of) for _, window in asked]
        bounded = [start for start in starts if start is not None]
        if len(bounded) < len(starts):
            return known
        start = plain(min(bounded))
        # the month too, so that files of older partitions are not opened
        return known.filter(nw.col("timestamp") >= start, nw.col("month") >= f"{start:%Y-%m}")

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
            consents={column: ("consents", *said) for said, column in self._consents.items()},
            digests={column: ("customer_id", salt) for salt, column in self._digests.items()},
            events=frozenset(one.event for one in self._tallies.values()).union(
                *(one.events for one in self._asides.values())
            ),
            features=frozenset(self._features),
            interests=self._interests,
        )

    def mark(self, profiles: Frame, events: Frame, interests: Frame | None = None) -> Frame:
        """The profiles with a true or false column ``rule_0``, ``rule_1``, … for each rule, never null."""
        if self._uncut:
            raise ValueError(f"there is no cut of {self._uncut}")
        frame = profiles
        if self._tallies:
            frame = frame.join(self._counts(events), on="customer_id", how="left")
        for one in self._asides.values():
            frame = frame.join(one.frame(Frames(profiles, events, interests)), on="customer_id", how="left")
        columns = {f"rule_{i}": rule for i, rule in enumerate(self.rules)}
        if self.wake:
            turns = [*self._turns, *(nw.col(one.column("turns")) for one in self._tallies.values())]
            columns["wake_at"] = (
                nw.min_horizontal(*turns) if len(turns) > 1 else turns[0] if turns else _NEVER
            )
        return frame.with_columns(**columns) if columns else frame

    def counted(self, events: Frame) -> Frame:
        """Those events that the rules may count; ``mark`` looks at no others."""
        asked = [(one.event, one.window) for one in self._tallies.values()]
        asked += [(name, Window()) for one in self._asides.values() for name in sorted(one.events)]
        return self.happened(events, asked, ahead=self.wake)

    def _counts(self, events: Frame) -> Frame:
        """How often each customer did each thing, and what it came to: one scan for all of them."""
        tallies = list(self._tallies.values())
        known = self.happened(events, ((one.event, one.window) for one in tallies), ahead=self.wake)
        counted = [one.fits & _now(one.window, self.now, ahead=self.wake) for one in tallies]
        if len(tallies) == 1 and not self.wake:
            (one,) = tallies
            found = known.filter(*counted).select("customer_id", *one.values())
            return found.group_by("customer_id").agg(*one.totals(nw.len()))
        ones = [
            nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0)).alias(one.name)
            for one, flag in zip(tallies, counted, strict=True)
            if one.value is None
        ]
        values = [value for one, flag in zip(tallies, counted, strict=True) for value in one.values(flag)]
        turns = [one.turns(self.now) for one in tallies] if self.wake else []
        grouped = known.select("customer_id", *ones, *values, *turns).group_by("customer_id")
        totals = [total for one in tallies for total in one.totals(nw.col(one.name).sum())]
        least = [nw.col(one.column("turns")).min() for one in tallies] if self.wake else []
        return grouped.agg(*totals, *least)


@dataclass(frozen=True, slots=True)
class _Tally:
    name: str
    event: str
    window: Window
    fits: nw.Expr = field(repr=False)  # whatever the time
    value: nw.Expr | None = field(repr=False)
    stays: bool
    hows: set[How] = field(default_factory=set)

    def column(self, what: str) -> str:
        """The column of the count, of the value and what it comes to, or of the next of the ``turns``, the
        moments at which time changes them."""
        return f"{self.name}_{what}"

    def values(self, counted: nw.Expr | None = None) -> list[nw.Expr]:
        """The value of an event where it counts, else null; nothing where no value is asked for."""
        if self.value is None:
            return []
        value = self.value if counted is None else nw.when(counted).then(self.value)
        return [value.alias(self.column("value"))]

    def turns(self, now: datetime) -> nw.Expr:
        """When time changes whether an event counts; null for never."""
        moves = Window() if self.stays else self.window
        return _turn(self.fits, moves, _TIME, now).alias(self.column("turns"))

    def totals(self, count: nw.Expr) -> list[nw.Expr]:
        """What all events of a customer come to. ``count`` is how many there are."""
        value = nw.col(self.column("value"))
        found = {
            "count": count if self.value is None else value.count(),
            "sum": value.sum(),
            "least": value.min(),
            "most": value.max(),
        }
        return [found[how].alias(self.column(how)) for how in sorted(self.hows)]


@dataclass(frozen=True, slots=True)
class _Aside:
    name: str
    build: Callable[[Frames], Frame] = field(repr=False)
    columns: tuple[str, ...]
    events: frozenset[str]

    def column(self, what: str) -> str:
        return f"{self.name}_{what}"

    def frame(self, frames: Frames) -> Frame:
        columns = (nw.col(what).alias(self.column(what)) for what in self.columns)
        return self.build(frames).select("customer_id", *columns)


def plain(moment: datetime) -> datetime:
    """A moment as the lake keeps it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _always(flag: nw.Expr, window: Window, time: nw.Expr = _TIME) -> nw.Expr:
    """Narrowed to the part of a window that stays where it is."""
    if window.since is not None:
        flag = flag & (time >= plain(window.since))
    if window.until is not None:
        flag = flag & (time < plain(window.until))
    return flag


def _now(window: Window, now: datetime, time: nw.Expr = _TIME, *, ahead: bool) -> nw.Expr:
    """The part of a window that moves with the clock. Unless ``ahead``, nothing later is in the frame."""
    flag = nw.lit(True)
    if window.within is not None:
        flag = flag & (time > now - window.within)
    if window.before is not None or ahead:
        flag = flag & (time <= now - (window.before or timedelta()))
    return flag


def _turn(fits: nw.Expr, window: Window, time: nw.Expr, now: datetime) -> nw.Expr:
    """When a time comes into the window or leaves it by itself; null for never."""
    enters = time + nw.lit(window.before) if window.before else time
    turn = nw.when(fits & (enters > now)).then(enters)
    if window.within is None:
        return turn
    leaves = time + nw.lit(window.within)
    return turn.otherwise(nw.when(fits & (leaves > now)).then(leaves))


def _interest(kind: str, value: str, frames: Frames) -> Frame:
    if frames.interests is None:
        raise ValueError("the rules ask for interests, and there are none")
    return frames.interests.filter(nw.col("kind") == kind, nw.col("value") == value)


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
