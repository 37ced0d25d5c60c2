"""``interested("Tea", at_least=60)``: what a customer looks for and buys, as sure as that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

import narwhals as nw

from zhiyin.domain.interest import Fading, InterestKind, words_searched
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.parts import Choice, Part, Phrase, Whole
from zhiyin.loop.profile.sentences import INTERESTS, Sentence

if TYPE_CHECKING:
    from zhiyin.loop.profile.segment_frame import Plan

USUAL = 30  # one order a month ago, if of nothing else
KINDS = tuple(kind.value for kind in InterestKind)


@dataclass(frozen=True, slots=True)
class Interested(Condition):
    """The score of an interest is at least so high today; see ``domain/interest``."""

    KIND: ClassVar[str] = "interested"
    PARTS: ClassVar[tuple[Part, ...]] = (
        Part("value", Phrase(), head=True),
        Part("at_least", Whole(1, 100), USUAL),
        Part("kind", Choice(*KINDS), InterestKind.CATEGORY.value),
    )
    SENTENCES: ClassVar[tuple[Sentence, ...]] = (
        Sentence(
            say("*is interested in* {kind} {value} with at least {at_least} of 100"),
            say("Is interested in something"),
            INTERESTS,
            "heart",
        ),
        Sentence(
            say("*is not interested in* {kind} {value} with at least {at_least} of 100"),
            say("Is not interested in something"),
            INTERESTS,
            "ban",
            negated=True,
        ),
    )
    value: str
    at_least: int = USUAL
    kind: str = InterestKind.CATEGORY.value

    @property
    def looked_for(self) -> str:
        """The value as interests have it."""
        return words_searched(self.value) if self.kind == InterestKind.SEARCH else self.value.strip()

    def find(self, one: One) -> Found:
        fading = _fading(one.fading, one.as_of)
        weight, total = one.interests.get((self.kind, self.looked_for), (0, 0))
        score = fading.score(weight, total, fading.today(one.as_of))
        holds = score >= self.at_least
        detail = {"value": self.value, "kind": self.kind, "needs": self.at_least, "found": score}
        # by itself it only fades, so that only who is in may wake to be out
        return Found(holds, self.KIND, detail, fading.midnight(one.as_of) if holds else None)

    def column(self, plan: Plan) -> nw.Expr:
        fading = _fading(plan.fading, plan.as_of)
        factor, ground = fading.least(self.at_least, fading.today(plan.as_of))
        weight, total = plan.interest(self.kind, self.looked_for)
        holds = (weight * 200 >= (total + ground) * factor).fill_null(False)
        midnight = nw.lit(fading.midnight(plan.as_of).replace(tzinfo=None)).cast(nw.Datetime("us"))
        plan.wakes(nw.when(holds).then(midnight))
        return holds

    def words(self, names: Names, negated: bool) -> Text:
        told = {"value": names.value(self.kind, self.value), "score": self.at_least}
        return Text(_NOT[self.kind] if negated else _IS[self.kind], told)


def _fading(given: Fading | None, as_of: datetime) -> Fading:
    """Where nobody has interests yet, any does."""
    return given or Fading(as_of.date(), zone=as_of.tzinfo)  # type: ignore[arg-type]


# templates, so that the catalogue has them
_IS = {
    "category": say("is interested in “{value}” (at least {score} of 100)"),
    "brand": say("is interested in the brand “{value}” (at least {score} of 100)"),
    "price_band": say("is interested in the price band “{value}” (at least {score} of 100)"),
    "search": say("is interested in the search “{value}” (at least {score} of 100)"),
}
_NOT = {
    "category": say("is not interested in “{value}” (below {score} of 100)"),
    "brand": say("is not interested in the brand “{value}” (below {score} of 100)"),
    "price_band": say("is not interested in the price band “{value}” (below {score} of 100)"),
    "search": say("is not interested in the search “{value}” (below {score} of 100)"),
}
