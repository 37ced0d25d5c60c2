"""``nearest(500, by="revenue", to="highest")``: the customers who stand nearest to a value of a trait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar

import narwhals as nw
import pyarrow as pa

from zhiyin.domain.customer import TRAIT_KINDS, as_text
from zhiyin.domain.errors import BadRule
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import comparison, comparison_frame, comparison_python, parts
from zhiyin.loop.profile.comparison import trait_kind
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.parts import Part, Whole
from zhiyin.loop.profile.sentences import SEGMENTS, Sentence

if TYPE_CHECKING:
    from zhiyin.loop.profile.segment_frame import Frame, Plan

HIGHEST, LOWEST = "highest", "lowest"
MOST = 10_000_000
_UNORDERED = [name for name, kind in TRAIT_KINDS.items() if kind not in ("number", "time")]


class Measure:
    """The name of a trait that is a number or a time; of a stated one, as far as it is a number."""

    name = "measure"

    def read(self, value: Any, place: str, zone: tzinfo) -> str:
        parts.check_name(value, place)
        if value in _UNORDERED:
            raise BadRule(
                say("{place}: {name!r} is neither a number nor a time.", place=place, name=value),
                fix=say("Nearest goes by a trait with an order, such as revenue or last_seen."),
            )
        return str(value)

    def dump(self, value: str) -> str:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": parts.NAME, "not": {"enum": _UNORDERED}}


class Aim:
    """What the nearest are near to: the highest value, the lowest, or a number."""

    name = "aim"

    def read(self, value: Any, place: str, zone: tzinfo) -> str | float:
        if value in (HIGHEST, LOWEST) or parts.number(value):
            found: str | float = value
            return found
        raise BadRule(say('{place} must be "highest", "lowest" or a number.', place=place))

    def dump(self, value: str | float) -> str | float:
        return value

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"enum": [HIGHEST, LOWEST]}, comparison.NUMBER_SCHEMA]}


MEASURE, AIM = Measure(), Aim()


@dataclass(frozen=True, slots=True)
class Cut:
    """The last customer who is among the nearest: the value of the trait, a number or an aware time, and the id."""

    value: float | datetime
    customer_id: str


@dataclass(frozen=True, slots=True)
class Nearest(Condition):
    """Is among the customers, out of all, whose trait is highest, lowest or nearest to a number.

    Of those who stand equally near, ids that come first in the order of their letters come first. Who has no
    value is not among them. One customer cannot know how the others stand, so both interpreters go by the
    ``Cut`` that was found among all: see ``ranked`` and ``cut``.
    """

    KIND: ClassVar[str] = "nearest"
    PARTS: ClassVar[tuple[Part, ...]] = (
        Part("n", Whole(1, MOST), head=True),
        Part("by", MEASURE),
        Part("to", AIM, HIGHEST),
    )
    COMPARES: ClassVar[bool] = True
    SENTENCES: ClassVar[tuple[Sentence, ...]] = (
        Sentence(
            say("*is among the* {n} customers whose {by} *is* {to}"),
            say("Is among the highest or nearest"),
            SEGMENTS,
            "target",
        ),
        Sentence(
            say("*is not among the* {n} customers whose {by} *is* {to}"),
            say("Is not among the highest or nearest"),
            SEGMENTS,
            "ban",
            negated=True,
        ),
    )
    n: int
    by: str
    to: str | float = HIGHEST

    def check(self, place: str) -> None:
        if self._timed and not isinstance(self.to, str):
            raise BadRule(
                say("{place}.to: {name!r} is a time.", place=place, name=self.by),
                fix=say('Use "highest" for the latest or "lowest" for the earliest.'),
            )

    def find(self, one: One) -> Found:
        cut, found = one.cuts[self], self.value(one.traits.get(self.by))
        detail = {
            "trait": self.by,
            "needs": self.n,
            "to": self.to,
            "found": _shown(found),
            "last": None if cut is None else _shown(cut.value),
        }
        if found is None or cut is None:
            return Found(found is not None, self.KIND, detail)
        own, last = self._measured(found), self._measured(cut.value)
        before = own > last if self.to == HIGHEST else own < last
        same = own == last and str(one.traits["customer_id"]) <= cut.customer_id
        return Found(bool(before or same), self.KIND, detail)

    def column(self, plan: Plan) -> nw.Expr:
        own, cut = self.measure(plan), plan.cut(self)
        if cut is None:
            return ~own.is_null()
        last = cut.value.replace(tzinfo=None) if isinstance(cut.value, datetime) else cut.value
        own, last = self._measured(own), self._measured(last)
        before = own > last if self.to == HIGHEST else own < last
        holds: nw.Expr = before | ((own == last) & (nw.col("customer_id") <= cut.customer_id))
        return holds.fill_null(False)

    def measure(self, plan: Plan) -> nw.Expr:
        """The trait as a number or a time, null where it is neither."""
        column = plan.trait(self.by)
        if trait_kind(self.by) == "stated":
            return comparison_frame.number_of(column)
        return column if self._timed else column.cast(nw.Float64)

    def value(self, found: object) -> float | datetime | None:
        """The same of one customer's trait."""
        if found is None or isinstance(found, datetime):
            return found if self._timed else None
        if trait_kind(self.by) == "stated":
            return comparison_python.number_of(as_text(found) or "")
        return float(found) if isinstance(found, int | float) else None

    def ranked(self, profiles: Frame, plan: Plan) -> Frame:
        """``value`` and ``customer_id`` of the nearest, at most ``n``, the last one last."""
        measured = profiles.select("customer_id", value=self.measure(plan)).filter(~nw.col("value").is_null())
        nearest = measured.with_columns(away=self._measured(nw.col("value"))).sort(
            "away", "customer_id", descending=[self.to == HIGHEST, False]
        )
        return nearest.head(self.n).select("value", "customer_id")

    def cut(self, ranked: pa.Table) -> Cut | None:
        """Where the nearest end, of what ``ranked`` came to; None where there are fewer of them."""
        if ranked.num_rows < self.n:
            return None
        value, customer_id = (ranked[name][-1].as_py() for name in ("value", "customer_id"))
        return Cut(value.replace(tzinfo=UTC) if isinstance(value, datetime) else value, customer_id)

    def words(self, names: Names, negated: bool) -> Text:
        trait = names.trait(self.by)
        if self.to == HIGHEST:
            first = say("{n:,} latest by {trait}") if self._timed else say("{n:,} highest by {trait}")
        elif self.to == LOWEST:
            first = say("{n:,} earliest by {trait}") if self._timed else say("{n:,} lowest by {trait}")
        else:
            first = say("{n:,} nearest to {value} by {trait}")
        value = "" if isinstance(self.to, str) else names.value(self.by, self.to)
        ranked = Text(first.template, {"n": self.n, "trait": trait, "value": value})
        if negated:
            return say("is not among the {ranked}", ranked=ranked)
        return say("is among the {ranked}", ranked=ranked)

    def found_words(self, detail: Mapping[str, Any], names: Names) -> Text:
        trait = names.trait(self.by)
        if detail["found"] is None:
            return say("{trait} is not known", trait=trait)
        found = _read(detail["found"])
        known = {"trait": trait, "value": names.value(self.by, found)}
        if detail["last"] is None:
            return say("{trait}: {value}; fewer than {n:,} have one", **known, n=self.n)
        last = names.value(self.by, _read(detail["last"]))
        return say("{trait}: {value}; the last one among them has {last}", **known, last=last)

    @property
    def _timed(self) -> bool:
        return TRAIT_KINDS.get(self.by) == "time"

    def _measured(self, value: Any) -> Any:
        """What is compared of a value, or of a column: itself, or how far it is from the number."""
        if isinstance(self.to, str):
            return value
        away = value - float(self.to)
        return away.abs() if isinstance(away, nw.Expr) else abs(away)


def _shown(value: float | datetime | None) -> object:
    """A value in JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return int(value) if value is not None and value.is_integer() else value


def _read(shown: object) -> object:
    return datetime.fromisoformat(shown) if isinstance(shown, str) else shown
