"""``first("Order Completed", within="30d")``: when a customer did something for the first, or the last time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import narwhals as nw

from zhiyin.domain.segment import Filter, Window
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import filters, parts
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.filters import FILTERS
from zhiyin.loop.profile.parts import EVENT, WINDOW, Part
from zhiyin.loop.profile.segment_words import windowed
from zhiyin.loop.profile.sentences import ACTIONS, Sentence

if TYPE_CHECKING:
    from zhiyin.loop.profile.segment_frame import How, Plan


@dataclass(frozen=True, slots=True)
class Edge(Condition):
    """Of all events of this name ever, the first (or last) lies in the window, and its properties fit.

    Where several happened at that very moment, one of them has to fit.
    """

    HOW: ClassVar[How]
    PARTS: ClassVar[tuple[Part, ...]] = (
        Part("event", EVENT, head=True),
        *WINDOW,
        Part("where", FILTERS, ()),
    )
    event: str
    within: timedelta | None = None
    before: timedelta | None = None
    since: datetime | None = None
    until: datetime | None = None
    where: tuple[Filter, ...] = ()

    @property
    def window(self) -> Window:
        """The stretch of time in which it has to lie."""
        return Window(self.within, self.before, self.since, self.until)

    @property
    def searched(self) -> Window:
        """The stretch of time in which the first or last event is looked for."""
        return Window()

    @property
    def looks_at(self) -> Window:
        """All time: what was found is told, wherever it lies."""
        return Window()

    def check(self, place: str) -> None:
        parts.check_window(self.window, place)

    def find(self, one: One) -> Found:
        named = [event for event in one.events if event.name == self.event]
        done = [event for event in named if event.timestamp <= one.as_of]
        at = self._edge([event.timestamp for event in done])
        fits = any(event.timestamp == at and filters.matches(self.where, event, one.as_of) for event in done)
        coming = Window(since=self.searched.since).next_turn((event.timestamp for event in named), one.as_of)
        turns = [coming, None if at is None else self.window.turns(at, one.as_of)]
        detail = {
            "event": self.event,
            "found": None if at is None else at.isoformat(),
            "fits": fits,
            "where": FILTERS.dump(self.where),
        }
        until = min((turn for turn in turns if turn is not None), default=None)
        return Found(at is not None and fits and self.window.holds(at, one.as_of), self.KIND, detail, until)

    def column(self, plan: Plan) -> nw.Expr:
        at, fitting = self._at(plan, ()), self._at(plan, self.where)
        if plan.wake:
            plan.wakes(plan.turns(self.window, at))
        return ((at == fitting) & plan.inside(self.window, at)).fill_null(False)

    def words(self, names: Names, negated: bool) -> Text:
        told = windowed(Text(_TOLD[self.KIND], {"event": names.event(self.event)}), self.window, names)
        told = filters.words(told, self.where, names)
        return say("not: {rule}", rule=told) if negated else told

    def found_words(self, detail: Mapping[str, Any], names: Names) -> Text:
        event = names.event(self.event)
        if detail["found"] is None:
            return say("{event}: never", event=event)
        moment = names.value("", datetime.fromisoformat(str(detail["found"])))
        return Text(_FOUND[self.KIND], {"event": event, "moment": moment})

    def _edge(self, times: list[datetime]) -> datetime | None:
        raise NotImplementedError

    def _at(self, plan: Plan, where: tuple[Filter, ...]) -> nw.Expr:
        """The time of the first or last event that fits."""
        form = {**parts.dump(WINDOW, "", self.searched), "where": FILTERS.dump(where), "edge": self.event}
        return plan.tally(
            self.event,
            self.searched,
            json.dumps(form, sort_keys=True),
            lambda: filters.flags(where, plan),
            nw.col("timestamp"),
            self.HOW,
            stays=True,
        )


class First(Edge):
    """The first event."""

    __slots__ = ()
    KIND = "first"
    SENTENCES = (
        Sentence(
            say("did {event} *for the first time* {window}"),
            say("Did something for the first time"),
            ACTIONS,
            "player-play",
        ),
    )
    HOW = "least"

    def _edge(self, times: list[datetime]) -> datetime | None:
        return min(times, default=None)


class Last(Edge):
    """The last event."""

    __slots__ = ()
    KIND = "last"
    SENTENCES = (
        Sentence(
            say("did {event} *for the last time* {window}"),
            say("Did something for the last time"),
            ACTIONS,
            "player-stop",
        ),
    )
    HOW = "most"

    @property
    def searched(self) -> Window:
        # where the last event lies before the window, it does not matter when
        return Window(within=self.within, since=self.since)

    def _edge(self, times: list[datetime]) -> datetime | None:
        return max(times, default=None)


# templates, so that the catalogue has them
_TOLD = {
    "first": say("did {event} for the first time"),
    "last": say("did {event} for the last time"),
}
_FOUND = {
    "first": say("{event}: first on {moment}"),
    "last": say("{event}: last on {moment}"),
}
