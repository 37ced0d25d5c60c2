"""What a kind of condition says of itself: its parts, its meaning for one customer and for all, its words.

A new kind is one file in ``conditions/`` and one line in its ``__init__``. Its JSON form, text form, Python
form and JSON Schema follow from ``KIND`` and ``PARTS``, and so do the controls of the console's builder, which
stand in the slots of ``SENTENCES``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from zhiyin.domain import segment
from zhiyin.domain.event import Event
from zhiyin.domain.interest import Fading
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import parts
from zhiyin.loop.profile.parts import Part
from zhiyin.loop.profile.sentences import Sentence

if TYPE_CHECKING:
    import narwhals as nw

    from zhiyin.loop.profile.conditions.nearest import Cut
    from zhiyin.loop.profile.segment_frame import Plan


@dataclass(frozen=True, slots=True)
class One:
    """One customer at one moment.

    ``traits`` maps the names of ``TRAIT_KINDS`` and of stated traits to values, times aware; a missing name is
    a missing trait. ``interests`` maps kind and value of each interest to its weight and the total of the kind,
    which fade as ``fading`` says. ``consents`` holds the latest word by channel and purpose; ``cuts`` where those
    who are nearest end, see ``conditions/nearest``.
    """

    traits: Mapping[str, object]
    events: Sequence[Event]
    as_of: datetime
    interests: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    fading: Fading | None = None
    consents: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    cuts: Mapping[segment.Condition, Cut | None] = field(default_factory=dict)
    _found: dict[int, tuple[Condition, Found]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def found(self, condition: Condition) -> Found:
        """What a condition finds, looked for once: a million events take seconds."""
        # by identity, since 1 and True are equal and mean different things
        if id(condition) not in self._found:
            self._found[id(condition)] = (condition, condition.find(self))
        return self._found[id(condition)][1]


@dataclass(frozen=True, slots=True)
class Found:
    """Whether a condition holds for one customer, with the figures behind it under a stable code.

    ``until`` is the next moment at which time alone may change the answer; None if it never does.
    """

    holds: bool
    code: str
    detail: Mapping[str, object] = field(default_factory=dict)
    until: datetime | None = None


class Names(Protocol):
    """How a reader calls things: the console by their names in its language, the command line as they are."""

    def event(self, name: str) -> str:
        """The name of an event."""

    def trait(self, name: str) -> str:
        """The name of a trait."""

    def property(self, name: str) -> str:
        """The name of a property of an event."""

    def value(self, name: str, raw: object) -> str:
        """A value of a trait or property, times and days included."""

    def segment(self, key: str) -> str:
        """The name of a segment."""


class Condition(segment.Condition):
    """The base of all kinds."""

    __slots__ = ()
    KIND: ClassVar[str]
    PARTS: ClassVar[tuple[Part, ...]] = ()
    COMPARES: ClassVar[bool] = False  # with other customers: the answer is found when all are looked at
    SENTENCES: ClassVar[tuple[Sentence, ...]] = ()
    LISTENS: ClassVar[tuple[str, ...]] = ()  # events that may change it, beside those that its parts name

    @property
    def looks_at(self) -> segment.Window | None:
        """The stretch of time whose events it looks at; None where it looks at none."""
        window: segment.Window | None = getattr(self, "window", None)
        return window

    def find(self, one: One) -> Found:
        """Whether it holds for one customer."""
        raise NotImplementedError

    def column(self, plan: Plan) -> nw.Expr:
        """Whether it holds, for all customers; never null. What it needs is noted in the plan, and so is the
        next moment at which time alone may change it."""
        raise NotImplementedError

    def words(self, names: Names, negated: bool) -> Text:
        """The condition, or its opposite, as a sentence without a full stop."""
        raise NotImplementedError

    def found_words(self, detail: Mapping[str, Any], names: Names) -> Text:
        """What was found of a customer, in words, from the detail of its fact."""
        return say("found: {found}", found=detail.get("found"))

    def check(self, place: str) -> None:
        """Raise ``BadRule`` where its parts do not go together."""

    @classmethod
    def read(cls, form: Mapping[str, Any], place: str, zone: tzinfo) -> Self:
        """The condition of a JSON form. Raises ``BadRule`` naming the place."""
        made = cls(**parts.read(cls.PARTS, cls.KIND, form, place, zone))
        made.check(place)
        return made

    def dump(self) -> dict[str, Any]:
        """Its JSON form."""
        return parts.dump(self.PARTS, self.KIND, self)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """The JSON Schema of its form."""
        return parts.schema(cls.PARTS, cls.KIND)
