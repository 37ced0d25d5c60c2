"""Steps of a sequence: ``["Product Added", step("Order Completed", where=[amount >= 10000])]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

import narwhals as nw

from zhiyin.domain.errors import BadRule
from zhiyin.domain.event import Event
from zhiyin.domain.segment import Filter
from zhiyin.domain.text import say
from zhiyin.loop.profile import filters
from zhiyin.loop.profile.filters import FILTERS
from zhiyin.loop.profile.parts import EVENT

if TYPE_CHECKING:
    from zhiyin.loop.profile.condition import Names
    from zhiyin.loop.profile.segment_frame import Plan


@dataclass(frozen=True, slots=True)
class Step:
    """An event whose properties fit."""

    event: str
    where: tuple[Filter, ...] = ()

    def matches(self, event: Event, as_of: datetime) -> bool:
        """Whether an event is such a step."""
        return event.name == self.event and filters.matches(self.where, event, as_of)

    def flag(self, plan: Plan) -> nw.Expr:
        """The same of all events; never null."""
        return reduce(and_, filters.flags(self.where, plan), nw.col("event") == self.event)

    def words(self, names: Names) -> str:
        """The step as a part of a sentence."""
        return filters.bracketed(names.event(self.event), self.where, names)


class Steps:
    """The kind of a part that holds steps: each the name of an event, or an object that filters it as well."""

    name = "steps"

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def read(self, value: Any, place: str, zone: tzinfo) -> tuple[Step, ...]:
        if not isinstance(value, list | tuple) or not self.least <= len(value) <= self.most:
            raise BadRule(
                say("{place} needs a list of {least} to {most} events.", place=place, least=self.least, most=self.most),
                why=say("It has {n:,}.", n=len(value)) if isinstance(value, list | tuple) else "",
                fix=_EXAMPLE,
            )  # fmt: skip
        return tuple(_read(one, f"{place}[{i}]", zone) for i, one in enumerate(value))

    def dump(self, value: Sequence[Step]) -> list[Any]:
        return [
            {"event": one.event, "where": FILTERS.dump(one.where)} if one.where else one.event
            for one in value
        ]

    def schema(self) -> dict[str, Any]:
        filtered = {
            "type": "object",
            "properties": {"event": EVENT.schema(), "where": FILTERS.schema()},
            "required": ["event"],
            "additionalProperties": False,
        }
        each = {"anyOf": [EVENT.schema(), filtered]}
        return {"type": "array", "minItems": self.least, "maxItems": self.most, "items": each}


_EXAMPLE = say('An example: {"sequence": ["Product Added", "Order Completed"], "gap": "7d"}')


def _read(form: Any, place: str, zone: tzinfo) -> Step:
    if not isinstance(form, Mapping):
        return Step(EVENT.read(form, place, zone))
    if unknown := sorted(map(str, set(form) - {"event", "where"})):
        raise BadRule(
            say("{place} has unknown parts: {unknown}.", place=place, unknown=unknown),
            fix=say("{kind} knows {parts}.", kind="step", parts=["event", "where"]),
        )
    event = EVENT.read(form.get("event"), f"{place}.event", zone)
    return Step(event, FILTERS.read(form.get("where", []), f"{place}.where", zone))
