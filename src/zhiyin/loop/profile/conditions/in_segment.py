"""``in_segment("vip")``: the rule of another segment. It is put in its place before anything is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from zhiyin.domain.text import Text, say
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.parts import SEGMENT, Part
from zhiyin.loop.profile.sentences import SEGMENTS, Sentence

if TYPE_CHECKING:
    import narwhals as nw

    from zhiyin.loop.profile.segment_frame import Plan


@dataclass(frozen=True, slots=True)
class InSegment(Condition):
    """Is in another segment, as that is defined now. See ``segment_expand``."""

    KIND: ClassVar[str] = "in_segment"
    PARTS: ClassVar[tuple[Part, ...]] = (Part("key", SEGMENT, head=True),)
    SENTENCES: ClassVar[tuple[Sentence, ...]] = (
        Sentence(say("*is in* the segment {key}"), say("Is in a segment"), SEGMENTS, "users"),
        Sentence(
            say("*is not in* the segment {key}"), say("Is not in a segment"), SEGMENTS, "ban", negated=True
        ),
    )
    key: str

    def find(self, one: One) -> Found:
        raise ValueError(f"in_segment({self.key!r}) was not expanded")

    def column(self, plan: Plan) -> nw.Expr:
        raise ValueError(f"in_segment({self.key!r}) was not expanded")

    def words(self, names: Names, negated: bool) -> Text:
        name = names.segment(self.key)
        return (
            say("is not in “{segment}”", segment=name) if negated else say("is in “{segment}”", segment=name)
        )
