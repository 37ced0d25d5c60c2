"""``sum("Order Completed", at_least=50000, within="90d")``: what the numbers of events come to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import narwhals as nw

from zhiyin.domain.errors import BadRule
from zhiyin.domain.event import Event
from zhiyin.domain.segment import Filter, Window
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import comparison_frame, comparison_python, filters, parts
from zhiyin.loop.profile.comparison import LINE_FIELDS
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.filters import FILTERS
from zhiyin.loop.profile.parts import EVENT, NUMBER, WINDOW, Part, PropertyName
from zhiyin.loop.profile.segment_words import windowed
from zhiyin.loop.profile.sentences import SPENDING, Sentence

if TYPE_CHECKING:
    from zhiyin.loop.profile.segment_frame import How, Plan

AMOUNT = "amount"  # of the event itself, in minor units
# Properties are counted in thousandths, so that sums are whole numbers and agree on every engine. What is beyond
# this many is missing: nine million of them still have a sum.
MOST = 10**12
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Amount(Condition):
    """What a number of the events in a window comes to is at least, and at most, so much.

    ``of`` is ``amount``, in minor units, or a property; events where it is no number do not count. Where none
    counts the condition does not hold, whatever the bounds.
    """

    HOW: ClassVar[How]
    PARTS: ClassVar[tuple[Part, ...]] = (
        Part("event", EVENT, head=True),
        Part("of", PropertyName(*LINE_FIELDS, "campaign"), AMOUNT),
        Part("at_least", NUMBER, None),
        Part("at_most", NUMBER, None),
        *WINDOW,
        Part("where", FILTERS, ()),
    )
    event: str
    of: str = AMOUNT
    at_least: int | float | None = None
    at_most: int | float | None = None
    within: timedelta | None = None
    before: timedelta | None = None
    since: datetime | None = None
    until: datetime | None = None
    where: tuple[Filter, ...] = ()

    @property
    def window(self) -> Window:
        """The stretch of time that it looks at."""
        return Window(self.within, self.before, self.since, self.until)

    def check(self, place: str) -> None:
        if self.at_least is None and self.at_most is None:
            raise BadRule(
                say("{place} needs at_least or at_most.", place=place),
                fix=say('An example: {"sum": "Order Completed", "at_least": 50000, "within": "90d"}'),
            )
        for bound in (self.at_least, self.at_most):
            if bound is not None and self._exact(bound) % 1:
                raise BadRule(
                    say("{place}: {bound} has too many decimal places.", place=place, bound=bound),
                    why=say("Amounts are whole minor units; other numbers have up to three decimal places."),
                )
        parts.check_bounds(self.at_least, self.at_most, place)
        parts.check_window(self.window, place)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        bounded = [{"required": ["at_least"]}, {"required": ["at_most"]}]
        return {**parts.schema(cls.PARTS, cls.KIND), "anyOf": bounded}

    def find(self, one: One) -> Found:
        fitting = [
            event
            for event in one.events
            if event.name == self.event and filters.matches(self.where, event, one.as_of)
        ]
        inside = self.window.inside(one.as_of)
        done = [event for event in fitting if inside(event.timestamp)]
        values = [value for value in map(self._value, done) if value is not None]
        start = self.window.start(one.as_of)
        detail = {
            "event": self.event,
            "of": self.of,
            "needs": self.at_least,
            "at_most": self.at_most,
            "found": self._shown(values) if values else None,
            "times": len(values),
            "where": FILTERS.dump(self.where),
            "since": None if start is None else start.isoformat(),
        }
        until = self.window.next_turn((event.timestamp for event in fitting), one.as_of)
        return Found(bool(values) and self._holds(self._total(values), len(values)), self.KIND, detail, until)

    def column(self, plan: Plan) -> nw.Expr:
        # conditions on the same events share the work, whatever they ask of their numbers
        form = {name: part for name, part in self.dump().items() if name not in ("at_least", "at_most")}
        key = json.dumps({"amount": form.pop(self.KIND), **form}, sort_keys=True)
        value = self._column(plan)

        def ask(how: How) -> nw.Expr:
            return plan.tally(
                self.event, self.window, key, lambda: filters.flags(self.where, plan), value, how
            )

        count = ask("count")
        holds: nw.Expr = (count > 0) & self._holds(ask(self.HOW), count)
        return holds.fill_null(False)

    def words(self, names: Names, negated: bool) -> Text:
        of, event = names.property(self.of), names.event(self.event)
        least, most = (None if b is None else names.value(self.of, b) for b in (self.at_least, self.at_most))
        number = Text(_NUMBERS[self.KIND], {"property": of, "event": event})
        opposite = negated and most is None  # others have no words of their own
        if least is not None and most is not None:
            told = say("{number} is from {least} to {most}", number=number, least=least, most=most)
        elif most is not None:
            told = say("{number} is at most {value}", number=number, value=most)
        elif opposite:
            told = say("{number} does not reach {value}", number=number, value=least)
        else:
            told = say("{number} is at least {value}", number=number, value=least)
        told = filters.words(windowed(told, self.window, names), self.where, names)
        return say("not: {rule}", rule=told) if negated and not opposite else told

    def found_words(self, detail: Mapping[str, Any], names: Names) -> Text:
        of, event = names.property(self.of), names.event(self.event)
        number = Text(_NUMBERS[self.KIND], {"property": of, "event": event})
        if detail["found"] is None:
            return say("{number}: none in that time", number=number)
        return say("{number}: {value}", number=number, value=names.value(self.of, detail["found"]))

    def _value(self, event: Event) -> int | None:
        """The number of an event in whole units: minor ones, or thousandths. None where it has none."""
        if self.of == AMOUNT:
            return event.amount if event.amount is not None and abs(event.amount) <= MOST else None
        text = comparison_python.property_text(event.properties.get(self.of))
        number = None if text is None else comparison_python.number_of(text)
        if number is None or abs(number) > MOST // _THOUSAND:
            return None
        return math.floor(number * _THOUSAND + 0.5)

    def _column(self, plan: Plan) -> nw.Expr:
        """The same of all events; null where there is none."""
        if self.of == AMOUNT:
            amount = plan.event_field(AMOUNT)
            return nw.when((amount <= MOST) & (amount >= -MOST)).then(amount)
        number = comparison_frame.number_of(plan.event_property(self.of))
        known = (number <= MOST // _THOUSAND) & (number >= -(MOST // _THOUSAND))
        return nw.when(known).then((number * _THOUSAND + 0.5).floor().cast(nw.Int64))

    def _total(self, values: Sequence[int]) -> int:
        if self.HOW == "sum":
            return sum(values)
        return min(values) if self.HOW == "least" else max(values)

    def _holds(self, total: Any, count: Any) -> Any:
        """Whether the bounds hold, of numbers or of columns of them."""
        return self._least(total, count) & self._most(total, count)

    def _least(self, total: Any, count: Any) -> Any:
        return total >= self._bound(self.at_least, count) if self.at_least is not None else count > 0

    def _most(self, total: Any, count: Any) -> Any:
        return total <= self._bound(self.at_most, count) if self.at_most is not None else count > 0

    def _bound(self, bound: float, count: Any) -> Any:
        """A bound in whole units."""
        return int(self._exact(bound))

    def _exact(self, bound: float) -> Decimal:
        return Decimal(str(bound)) * (1 if self.of == AMOUNT else _THOUSAND)

    def _shown(self, values: Sequence[int]) -> int | float:
        """What the numbers come to, for a reader."""
        return self._readable(self._total(values))

    def _readable(self, units: int) -> int | float:
        if self.of == AMOUNT:
            return units
        return units // _THOUSAND if not units % _THOUSAND else units / _THOUSAND


class Sum(Amount):
    """All of them together."""

    __slots__ = ()
    KIND = "sum"
    SENTENCES = (
        Sentence(
            say("*total* {of} of {event} is {bounds} {window}"),
            say("Total of something"),
            SPENDING,
            "math-function",
        ),
    )
    HOW = "sum"


class Average(Amount):
    """Their mean."""

    __slots__ = ()
    KIND = "average"
    SENTENCES = (
        Sentence(
            say("*average* {of} of {event} is {bounds} {window}"),
            say("Average of something"),
            SPENDING,
            "equal",
        ),
    )
    HOW = "sum"

    def _bound(self, bound: float, count: Any) -> Any:
        # no mean is further out, and the product stays within 64 bits
        units = max(-MOST - 1, min(MOST + 1, int(self._exact(bound))))
        return count * units

    def _shown(self, values: Sequence[int]) -> int | float:
        return self._readable(math.floor(sum(values) / len(values) + 0.5))


class Minimum(Amount):
    """The smallest of them."""

    __slots__ = ()
    KIND = "minimum"
    SENTENCES = (
        Sentence(
            say("*smallest* {of} of {event} is {bounds} {window}"),
            say("Smallest of something"),
            SPENDING,
            "arrow-down",
        ),
    )
    HOW = "least"


class Maximum(Amount):
    """The largest of them."""

    __slots__ = ()
    KIND = "maximum"
    SENTENCES = (
        Sentence(
            say("*largest* {of} of {event} is {bounds} {window}"),
            say("Largest of something"),
            SPENDING,
            "arrow-up",
        ),
    )
    HOW = "most"


# templates, so that the catalogue has them
_NUMBERS = {
    "sum": say("total {property} of {event}"),
    "average": say("average {property} of {event}"),
    "minimum": say("smallest {property} of {event}"),
    "maximum": say("largest {property} of {event}"),
}
