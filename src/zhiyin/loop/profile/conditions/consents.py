"""``consents("email", purpose="marketing")``: what a customer allowed, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, ClassVar

from zhiyin.domain.consent import MARKETING
from zhiyin.domain.event import CONSENT_CHANGED
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import parts
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.parts import FLAG, Part
from zhiyin.loop.profile.sentences import MESSAGES, Sentence

if TYPE_CHECKING:
    import narwhals as nw

    from zhiyin.loop.profile.segment_frame import Plan


class Word:
    """The name of a channel or a purpose."""

    name = "word"

    def read(self, value: Any, place: str, zone: tzinfo) -> str:
        parts.check_name(value, place)
        return str(value)

    def dump(self, value: str) -> str:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": parts.NAME}


WORD = Word()


@dataclass(frozen=True, slots=True)
class Consents(Condition):
    """The latest word of the customer about a channel and purpose was yes; or no, where not ``granted``.

    Who never said a word neither granted nor refused.
    """

    KIND: ClassVar[str] = "consents"
    PARTS: ClassVar[tuple[Part, ...]] = (
        Part("channel", WORD, head=True),
        Part("purpose", WORD, MARKETING),
        Part("granted", FLAG, True),
    )
    LISTENS: ClassVar[tuple[str, ...]] = (CONSENT_CHANGED,)
    SENTENCES: ClassVar[tuple[Sentence, ...]] = (
        Sentence(
            say("{granted} {purpose} by {channel}"),
            say("Agreed to or refused messages"),
            MESSAGES,
            "user-check",
        ),
        Sentence(
            say("*it is not so that they* {granted} {purpose} by {channel}"),
            say("Did not agree to or refuse messages"),
            MESSAGES,
            "ban",
            negated=True,
        ),
    )
    channel: str
    purpose: str = MARKETING
    granted: bool = True

    def find(self, one: One) -> Found:
        said = one.consents.get(self.channel, {}).get(self.purpose)
        detail = {"channel": self.channel, "purpose": self.purpose, "needs": self.granted, "found": said}
        return Found(said is self.granted, self.KIND, detail)

    def column(self, plan: Plan) -> nw.Expr:
        said = plan.consent(self.channel, self.purpose)
        return (said == ("true" if self.granted else "false")).fill_null(False)

    def words(self, names: Names, negated: bool) -> Text:
        told = {
            "channel": names.value("channel", self.channel),
            "purpose": names.value("purpose", self.purpose),
        }
        if self.granted:
            if negated:
                return say("did not consent to {purpose} by {channel}", **told)
            return say("consented to {purpose} by {channel}", **told)
        if negated:
            return say("did not refuse {purpose} by {channel}", **told)
        return say("refused {purpose} by {channel}", **told)

    def found_words(self, detail: Mapping[str, Any], names: Names) -> Text:
        told = {
            "channel": names.value("channel", self.channel),
            "purpose": names.value("purpose", self.purpose),
        }
        if detail["found"] is None:
            return say("said nothing about {purpose} by {channel}", **told)
        if detail["found"]:
            return say("consented to {purpose} by {channel}", **told)
        return say("refused {purpose} by {channel}", **told)
