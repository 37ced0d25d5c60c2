"""``city == "Shanghai"``: what a customer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, Self

from zhiyin.domain.customer import TRAIT_KINDS
from zhiyin.domain.segment import Value, Window
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import comparison, comparison_frame, comparison_python, parts
from zhiyin.loop.profile.comparison import Kind, trait_kind
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.segment_words import compared
from zhiyin.loop.profile.sentences import WHO, Sentence

if TYPE_CHECKING:
    import narwhals as nw

    from zhiyin.loop.profile.segment_frame import Plan


@dataclass(frozen=True, slots=True)
class Trait(Condition):
    """A comparison of one trait. ``value`` is a scalar, a tuple for ``in`` and ``not_in``, a bool for
    ``exists``, a span for ``within``, a moment for ``before`` and ``after`` (a day for stated traits)."""

    KIND: ClassVar[str] = "trait"
    SENTENCES: ClassVar[tuple[Sentence, ...]] = (
        Sentence(
            say("{trait}"), say("Trait or figure"), WHO, "user"
        ),  # compared, not called: one slot for all
    )
    name: str
    operator: str
    value: Value

    def find(self, one: One) -> Found:
        found = one.traits.get(self.name)
        detail: dict[str, object] = {
            "trait": self.name,
            "operator": self.operator,
            "needs": comparison.json_value(self.value),
            "found": found.isoformat() if isinstance(found, datetime) else comparison.shown(found),
        }
        if isinstance(self.value, timedelta):
            detail["since"] = (one.as_of.astimezone(UTC) - self.value).isoformat()
        holds = comparison_python.holds(trait_kind(self.name), self.operator, self.value, found, one.as_of)
        return Found(holds, self.KIND, detail, self._until(found, one.as_of))

    def column(self, plan: Plan) -> nw.Expr:
        kind, column = trait_kind(self.name), plan.trait(self.name)
        if isinstance(self.value, timedelta):
            span = self.value if kind == "time" else None
            plan.wakes(comparison_frame.turns(column, span, plan.now))
        return comparison_frame.expression(kind, self.operator, self.value, column, plan.now).fill_null(False)

    def _until(self, found: object, as_of: datetime) -> datetime | None:
        if not isinstance(self.value, timedelta) or found is None:
            return None
        if isinstance(found, datetime):
            return Window(within=self.value).turns(found, as_of)
        return comparison_python.midnight(as_of) if comparison_python.dated(found) else None

    def words(self, names: Names, negated: bool) -> Text:
        if self.name == "email_consent" and self.operator in ("is", "is_not"):
            may = (self.value is True) == (self.operator == "is")
            told = say("may receive e-mail") if may else say("may not receive e-mail")
        else:
            told = compared(names.trait(self.name), self, names)
        return say("not: {rule}", rule=told) if negated else told

    @classmethod
    def read(cls, form: Mapping[str, Any], place: str, zone: tzinfo) -> Self:
        name = form[cls.KIND]
        parts.check_name(name, f"{place}.{cls.KIND}")
        rest = {key: value for key, value in form.items() if key != cls.KIND}
        return cls(name, *comparison.read(trait_kind(name), name, rest, place, zone))

    def dump(self) -> dict[str, Any]:
        return {self.KIND: self.name, **comparison.dump(self.operator, self.value)}

    @classmethod
    def schema(cls) -> dict[str, Any]:
        by_kind: dict[Kind, list[str]] = {}
        for name, kind in TRAIT_KINDS.items():
            by_kind.setdefault(kind, []).append(name)
        stated = {"type": "string", "pattern": parts.NAME, "not": {"enum": list(TRAIT_KINDS)}}
        shapes = [_schema({"enum": names}, kind) for kind, names in by_kind.items()]
        return {"anyOf": [*shapes, _schema(stated, "stated")]}


def _schema(name: dict[str, Any], kind: Kind) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"trait": name, **comparison.schema(kind)},
        "required": ["trait"],
        "additionalProperties": False,
        "minProperties": 2,
        "maxProperties": 2,
    }
