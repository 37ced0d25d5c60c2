"""``engaged("opened", campaign="spring", within="30d")``: what a customer did with the messages they got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from zhiyin.domain.engagement import CHANNELS, EMAIL, ENGAGEMENTS, JUDGED, RULE
from zhiyin.domain.segment import Filter, Window
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import parts
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.conditions.did import Did
from zhiyin.loop.profile.parts import CAMPAIGN, TIMES, WINDOW, Choice, Part
from zhiyin.loop.profile.segment_words import windowed
from zhiyin.loop.profile.sentences import MESSAGES, Sentence

if TYPE_CHECKING:
    import narwhals as nw

    from zhiyin.loop.profile.segment_frame import Plan


@dataclass(frozen=True, slots=True)
class Engaged(Condition):
    """Opened, clicked or received at least, and at most, so many messages in a window, or so many bounced.

    Opens and clicks are those of people, as the present rule of ``domain/engagement`` judges them; each message
    counts once, as of the first. "Did not" is ``Not(Engaged(…))``.
    """

    KIND: ClassVar[str] = "engaged"
    PARTS: ClassVar[tuple[Part, ...]] = (
        Part("what", Choice(*ENGAGEMENTS), head=True),
        Part("campaign", CAMPAIGN, None),
        Part("channel", Choice(*CHANNELS), None),
        Part("at_least", TIMES, 1),
        Part("at_most", TIMES, None),
        *WINDOW,
    )
    SENTENCES: ClassVar[tuple[Sentence, ...]] = (
        Sentence(
            say("{what} {bounds} *messages* {window} from campaign {campaign} by {channel}"),
            say("Opened, clicked or received messages"),
            MESSAGES,
            "mail-opened",
        ),
        Sentence(
            say("*no message* {what} {window} from campaign {campaign} by {channel}"),
            say("Did not open, click or receive messages"),
            MESSAGES,
            "mail-off",
            negated=True,
        ),
    )
    what: str
    campaign: str | None = None
    channel: str | None = None
    at_least: int = 1
    at_most: int | None = None
    within: timedelta | None = None
    before: timedelta | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def did(self) -> Did:
        """The same as a condition on the events that say so."""
        event = ENGAGEMENTS[self.what]
        where = []
        if event in JUDGED:
            where.append(Filter("rule", "is", str(RULE)))
        if self.campaign is not None:
            where.append(Filter("campaign", "is", self.campaign))
        if self.channel is not None and self.channel != _CHANNEL_OF.get(event):
            where.append(Filter("channel", "is", self.channel))
        return Did(
            event,
            self.at_least,
            self.at_most,
            self.within,
            self.before,
            self.since,
            self.until,
            tuple(where),
        )

    @property
    def window(self) -> Window:
        """The stretch of time that it looks at."""
        return Window(self.within, self.before, self.since, self.until)

    def check(self, place: str) -> None:
        parts.check_bounds(self.at_least, self.at_most, place)
        parts.check_window(self.window, place)

    def find(self, one: One) -> Found:
        found = self.did.find(one)
        detail = {key: value for key, value in found.detail.items() if key != "where"}
        named = {"what": self.what, "campaign": self.campaign, "channel": self.channel}
        return Found(found.holds, self.KIND, {**named, **detail}, found.until)

    def column(self, plan: Plan) -> nw.Expr:
        return self.did.column(plan)

    def words(self, names: Names, negated: bool) -> Text:
        told = self._negated() if negated else self._told()
        if self.campaign is not None:
            campaign = names.value("campaign", self.campaign)
            told = say("{condition} in the campaign “{campaign}”", condition=told, campaign=campaign)
        if self.channel is not None:
            told = Text(_BY[self.channel], {"condition": told})
        return windowed(told, self.window, names)

    def _told(self) -> Text:
        words, least, most = WORDS[self.what], self.at_least, self.at_most
        if most is not None:
            if least == most == 1:
                return words.exactly_one
            if least == most:
                return Text(words.exactly, {"times": least})
            return Text(words.between, {"least": least, "most": most})
        return words.one if least == 1 else Text(words.at_least, {"times": least})

    def _negated(self) -> Text:
        if self.at_most is not None:
            return say("not: {rule}", rule=self._told())
        words = WORDS[self.what]
        return words.none if self.at_least == 1 else Text(words.fewer, {"times": self.at_least})


@dataclass(frozen=True, slots=True)
class Words:
    """One kind of engagement, said of numbers of messages."""

    one: Text
    exactly_one: Text
    at_least: Text
    exactly: Text
    between: Text
    none: Text
    fewer: Text


# events that are of one channel by their name, and need not say so
_CHANNEL_OF = {ENGAGEMENTS["received"]: EMAIL, ENGAGEMENTS["bounced"]: EMAIL}
_BY = {EMAIL: say("{condition} by e-mail")}
WORDS: Mapping[str, Words] = {
    "opened": Words(
        say("opened a message"),
        say("opened exactly one message"),
        say("opened at least {times} messages"),
        say("opened {times} messages"),
        say("opened {least} to {most} messages"),
        say("opened no message"),
        say("opened fewer than {times} messages"),
    ),
    "clicked": Words(
        say("clicked in a message"),
        say("clicked in exactly one message"),
        say("clicked in at least {times} messages"),
        say("clicked in {times} messages"),
        say("clicked in {least} to {most} messages"),
        say("clicked in no message"),
        say("clicked in fewer than {times} messages"),
    ),
    "received": Words(
        say("received a message"),
        say("received exactly one message"),
        say("received at least {times} messages"),
        say("received {times} messages"),
        say("received {least} to {most} messages"),
        say("received no message"),
        say("received fewer than {times} messages"),
    ),
    "bounced": Words(
        say("a message bounced"),
        say("exactly one message bounced"),
        say("at least {times} messages bounced"),
        say("{times} messages bounced"),
        say("{least} to {most} messages bounced"),
        say("no message bounced"),
        say("fewer than {times} messages bounced"),
    ),
    "unsubscribed": Words(
        say("unsubscribed from a message"),
        say("unsubscribed from exactly one message"),
        say("unsubscribed from at least {times} messages"),
        say("unsubscribed from {times} messages"),
        say("unsubscribed from {least} to {most} messages"),
        say("unsubscribed from no message"),
        say("unsubscribed from fewer than {times} messages"),
    ),
}
