"""``sample(10, seed="a")``: some of all customers, picked by chance and always the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from zhiyin.domain.errors import BadRule
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import parts
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.parts import Part
from zhiyin.loop.profile.sentences import SEGMENTS, Sentence

if TYPE_CHECKING:
    import narwhals as nw

    from zhiyin.loop.profile.segment_frame import Plan

LEAST = 0.0001  # percent: one in a million
MAX_SEED = 100
_ALL = 16**8  # what the first eight digits of a digest can be


class Percent:
    """A share of all in percent."""

    name = "percent"

    def read(self, value: Any, place: str, zone: tzinfo) -> float:
        if not parts.number(value) or not LEAST <= value <= 100:
            raise BadRule(
                say("{place} must be a percentage from {least} to 100.", place=place, least=f"{LEAST:.4f}"),
                fix=say("Write sample(10) for ten in a hundred."),
            )
        found: float = value
        return found

    def dump(self, value: float) -> float:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": LEAST, "maximum": 100}


class Seed:
    """A short text that tells one draw from another."""

    name = "text"

    def read(self, value: Any, place: str, zone: tzinfo) -> str:
        if not isinstance(value, str) or len(value) > MAX_SEED:
            raise BadRule(
                say("{place} must be a text of at most {most} letters.", place=place, most=MAX_SEED)
            )
        parts.check_text(value, place)
        return value

    def dump(self, value: str) -> str:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": MAX_SEED, "pattern": parts.LETTERS}


PERCENT, SEED = Percent(), Seed()


@dataclass(frozen=True, slots=True)
class Sample(Condition):
    """Is among so many percent of all customers, by chance: the digest of the seed and the id decides.

    Another seed picks others; the same seed with a larger share keeps all of the smaller. It has nothing to do
    with the holdout of any campaign, which is drawn with another hash.
    """

    KIND: ClassVar[str] = "sample"
    PARTS: ClassVar[tuple[Part, ...]] = (Part("percent", PERCENT, head=True), Part("seed", SEED, ""))
    SENTENCES: ClassVar[tuple[Sentence, ...]] = (
        Sentence(
            say("*is in a random* {percent} *of all customers,* in the draw {seed}"),
            say("Is in a sample"),
            SEGMENTS,
            "test-pipe",
        ),
        Sentence(
            say("*is not in a random* {percent} *of all customers,* in the draw {seed}"),
            say("Is not in a sample"),
            SEGMENTS,
            "ban",
            negated=True,
        ),
    )
    percent: float
    seed: str = ""

    def find(self, one: One) -> Found:
        digest = hashlib.md5(f"{self._salt}{one.traits['customer_id']}".encode(), usedforsecurity=False)
        holds = self._limit is None or digest.hexdigest() < self._limit
        return Found(holds, self.KIND, {"percent": self.percent, "seed": self.seed, "found": holds})

    def column(self, plan: Plan) -> nw.Expr:
        digest = plan.digest(self._salt)
        return ~digest.is_null() if self._limit is None else (digest < self._limit).fill_null(False)

    def words(self, names: Names, negated: bool) -> Text:
        told = {"percent": f"{self.percent:g}", "seed": self.seed}
        if self.seed:
            drawn = say("is in the draw “{seed}” of {percent}% of all customers", **told)
            return (
                say("is not in the draw “{seed}” of {percent}% of all customers", **told)
                if negated
                else drawn
            )
        drawn = say("is in a random {percent}% of all customers", **told)
        return say("is not in a random {percent}% of all customers", **told) if negated else drawn

    def found_words(self, detail: Mapping[str, Any], names: Names) -> Text:
        return say("picked by chance") if detail["found"] else say("not picked by chance")

    @property
    def _salt(self) -> str:
        """What stands before the id; no holdout is drawn with it."""
        return f"sample:{self.seed}:"

    @property
    def _limit(self) -> str | None:
        """Digests below this text are in; None where all are.

        Texts of eight digits are compared with digests of 32: what begins alike is not below.
        """
        below = int(Fraction(self.percent) * _ALL / 100)
        return None if below >= _ALL else f"{below:08x}"
