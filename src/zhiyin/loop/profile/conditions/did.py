"""``did("Order Completed", at_least=3, within="90d")``: what a customer did, and how often."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from zhiyin.domain.segment import Filter, Window
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import filters, parts
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.filters import FILTERS
from zhiyin.loop.profile.parts import EVENT, TIMES, WINDOW, Part
from zhiyin.loop.profile.segment_words import windowed
from zhiyin.loop.profile.sentences import ACTIONS, Sentence

if TYPE_CHECKING:
    import narwhals as nw

    from zhiyin.loop.profile.segment_frame import Plan


@dataclass(frozen=True, slots=True)
class Did(Condition):
    """Did an event at least, and at most, so many times in a window, where its properties fit.

    "Did not" is ``Not(Did(…))``.
    """

    KIND: ClassVar[str] = "did"
    PARTS: ClassVar[tuple[Part, ...]] = (
        Part("event", EVENT, head=True),
        Part("at_least", TIMES, 1),
        Part("at_most", TIMES, None),
        *WINDOW,
        Part("where", FILTERS, ()),
    )
    SENTENCES: ClassVar[tuple[Sentence, ...]] = (
        Sentence(say("*did* {event} {bounds} times {window}"), say("Did something"), ACTIONS, "shopping-bag"),
        Sentence(
            say("*did not* {event} {window}"), say("Did not do something"), ACTIONS, "ban", negated=True
        ),
    )
    event: str
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
        window = self.window
        fitting = [
            event.timestamp
            for event in one.events
            if event.name == self.event and filters.matches(self.where, event, one.as_of)
        ]
        done = list(filter(window.inside(one.as_of), fitting))
        start = window.start(one.as_of)
        detail = {
            "event": self.event,
            "needs": self.at_least,
            "at_most": self.at_most,
            "found": len(done),
            "where": FILTERS.dump(self.where),
            "since": None if start is None else start.isoformat(),
            "last": max(done).isoformat() if done else None,
        }
        return Found(self._enough(len(done)), self.KIND, detail, window.next_turn(fitting, one.as_of))

    def column(self, plan: Plan) -> nw.Expr:
        # conditions that count the same events share one column, however often they want them
        key = json.dumps({**self.dump(), "at_least": 1, "at_most": None}, sort_keys=True)
        times = plan.tally(self.event, self.window, key, lambda: filters.flags(self.where, plan))
        holds = times >= self.at_least
        if self.at_most is not None:
            holds = holds & (times <= self.at_most)
        return holds.fill_null(False)

    def words(self, names: Names, negated: bool) -> Text:
        told = self._negated(names) if negated else self._told(names)
        return filters.words(windowed(told, self.window, names), self.where, names)

    def _enough(self, times: int) -> bool:
        return times >= self.at_least and (self.at_most is None or times <= self.at_most)

    def _told(self, names: Names) -> Text:
        event, least, most = names.event(self.event), self.at_least, self.at_most
        if most is not None:
            if least == most == 1:
                return say("did {event} once", event=event)
            if least == most:
                return say("did {event} {times} times", event=event, times=least)
            return say("did {event} {least} to {most} times", event=event, least=least, most=most)
        if least == 1:
            return say("did {event}", event=event)
        return say("did {event} at least {times} times", event=event, times=least)

    def _negated(self, names: Names) -> Text:
        event, least, most = names.event(self.event), self.at_least, self.at_most
        if most is not None:
            return say("not: {rule}", rule=self._told(names))
        if least > 1:
            return say("did {event} fewer than {times} times", event=event, times=least)
        if self.window == Window():
            return say("never did {event}", event=event)
        return say("did not {event}", event=event)
