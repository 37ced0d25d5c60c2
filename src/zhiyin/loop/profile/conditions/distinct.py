"""``distinct("Product Viewed", of="item_id", at_least=5)``: how many different things a customer did it with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import narwhals as nw

from zhiyin.domain.event import Event
from zhiyin.domain.segment import Filter, Window
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import comparison_frame, comparison_python, filters, parts
from zhiyin.loop.profile.comparison import EVENT_FIELDS, LINE_FIELDS
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.filters import FILTERS
from zhiyin.loop.profile.parts import EVENT, PROPERTY, TIMES, WINDOW, Part
from zhiyin.loop.profile.segment_words import windowed
from zhiyin.loop.profile.sentences import ACTIONS, Sentence

if TYPE_CHECKING:
    from zhiyin.loop.profile.segment_frame import Frame, Frames, Plan

# Engines write 3.0 and 1e3 in ways of their own, so these are counted as numbers; longer whole numbers are most
# likely ids, which a double would not tell apart.
_COUNTED_AS_NUMBER = (
    r"[+-]?[0-9]{1,15}|[+-]?[0-9]{1,25}(\.[0-9]{1,25}([eE][+-]?[0-9]{1,2})?|[eE][+-]?[0-9]{1,2})"
)


@dataclass(frozen=True, slots=True)
class Distinct(Condition):
    """The events in a window have at least, and at most, so many different values.

    ``of`` is ``item_id`` or ``category`` of their lines, or a property. Values that are equal count once, missing
    ones not at all. Filters on lines choose the lines whose values count.
    """

    KIND: ClassVar[str] = "distinct"
    PARTS: ClassVar[tuple[Part, ...]] = (
        Part("event", EVENT, head=True),
        Part("of", PROPERTY, "item_id"),
        Part("at_least", TIMES, 1),
        Part("at_most", TIMES, None),
        *WINDOW,
        Part("where", FILTERS, ()),
    )
    SENTENCES: ClassVar[tuple[Sentence, ...]] = (
        Sentence(
            say("*did* {event} with {bounds} different values of {of} {window}"),
            say("Did something with different items"),
            ACTIONS,
            "layout-list",
        ),
    )
    event: str
    of: str = "item_id"
    at_least: int = 1
    at_most: int | None = None
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
        parts.check_bounds(self.at_least, self.at_most, place)
        parts.check_window(self.window, place)

    def find(self, one: One) -> Found:
        fitting = [
            event
            for event in one.events
            if event.name == self.event and filters.matches(self.where, event, one.as_of)
        ]
        inside = self.window.inside(one.as_of)
        done = [event for event in fitting if inside(event.timestamp)]
        values = {value for event in done for value in self._values(event)}
        start = self.window.start(one.as_of)
        detail = {
            "event": self.event,
            "of": self.of,
            "needs": self.at_least,
            "at_most": self.at_most,
            "found": len(values),
            "where": FILTERS.dump(self.where),
            "since": None if start is None else start.isoformat(),
        }
        until = self.window.next_turn((event.timestamp for event in fitting), one.as_of)
        return Found(self._enough(len(values)), self.KIND, detail, until)

    def column(self, plan: Plan) -> nw.Expr:
        flags, window = filters.flags(self.where, plan), self.window
        form = json.dumps({**self.dump(), "at_least": 1, "at_most": None}, sort_keys=True)
        if plan.wake:  # the events are those of a tally
            plan.tally(self.event, window, form, lambda: flags)
        values = self._columns(plan)

        def build(frames: Frames) -> Frame:
            known = plan.happened(frames.events, [(self.event, window)])
            found = known.filter(nw.col("event") == self.event, plan.inside(window), *flags)
            each = self._lines(found) if self.of in LINE_FIELDS else found.select("customer_id", **values)
            present = [nw.col(name).is_null() for name in values]
            missing = present[0] if len(present) == 1 else present[0] & present[1]
            once = each.filter(~missing).group_by("customer_id", *values).agg(nw.len().alias("times"))
            return once.group_by("customer_id").agg(nw.len().alias("different"))

        (different,) = plan.aside(form, build, "different", events=[self.event])
        holds = different >= self.at_least
        if self.at_most is not None:
            holds = holds & (different <= self.at_most)
        return holds.fill_null(False)

    def words(self, names: Names, negated: bool) -> Text:
        parts_ = {"event": names.event(self.event), "things": self._things(names)}
        least, most = self.at_least, self.at_most
        if most is not None:
            told = say(
                "did {event} with {least} to {most} different {things}",
                least=least, most=most, **parts_,
            )  # fmt: skip
        elif negated:
            told = say("did {event} with fewer than {n} different {things}", n=least, **parts_)
        else:
            told = say("did {event} with at least {n} different {things}", n=least, **parts_)
        told = filters.words(windowed(told, self.window, names), self.where, names)
        return say("not: {rule}", rule=told) if negated and most is not None else told

    def found_words(self, detail: Mapping[str, Any], names: Names) -> Text:
        return say(
            "{event}: different {things}: {found}",
            event=names.event(self.event),
            things=self._things(names),
            found=detail["found"],
        )

    def _things(self, names: Names) -> Text:
        if self.of == "item_id":
            return say("items")
        if self.of == "category":
            return say("categories")
        return say("values of {property}", property=names.property(self.of))

    def _enough(self, different: int) -> bool:
        return different >= self.at_least and (self.at_most is None or different <= self.at_most)

    def _values(self, event: Event) -> Iterator[object]:
        """The values of an event that count; equal ones are equal in Python."""
        if self.of in LINE_FIELDS:
            for line in event.products:
                if getattr(line, self.of) and filters.fits_line(self.where, line):
                    yield getattr(line, self.of)
        elif self.of in EVENT_FIELDS:
            found = getattr(event, self.of)
            if found is not None and found != "":
                yield found
        else:
            text = comparison_python.property_text(event.properties.get(self.of))
            if text is not None:
                number = re.fullmatch(_COUNTED_AS_NUMBER, text)
                yield comparison_python.number_of(text) if number else text

    def _columns(self, plan: Plan) -> dict[str, nw.Expr]:
        """The same of all events: columns of which at most one is not null."""
        if self.of in LINE_FIELDS:
            return {self.of: nw.col(self.of)}
        if self.of in EVENT_FIELDS:
            column = plan.event_field(self.of)
            return {"value": column if self.of == "amount" else nw.when(column != "").then(column)}
        text = plan.event_property(self.of)
        number = comparison_frame.number_of(text, _COUNTED_AS_NUMBER)
        plain = (text != "") & ~text.str.starts_with("[") & ~text.str.starts_with("{")
        return {"number": number, "letters": nw.when(plain & number.is_null()).then(text)}

    def _lines(self, found: Frame) -> Frame:
        line = nw.col("products").struct
        columns = {name: line.field(name) for name in LINE_FIELDS}
        each = found.select("customer_id", "products").explode(
            "products", empty_as_null=False, keep_nulls=False
        )
        fitting = filters.line_flags(self.where)
        return each.select("customer_id", **columns).filter(nw.col(self.of) != "", *fitting)
