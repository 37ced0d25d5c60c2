"""Filters on the properties of an event: ``where=[category == "Tea", price >= 3]``.

Filters on ``item_id`` and ``category`` must hold on one and the same line of the event; ``campaign`` and
``amount`` (in minor units) are those of the event, and any other name is a property.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from functools import reduce
from typing import TYPE_CHECKING, Any

import narwhals as nw

from zhiyin.domain.errors import BadRule
from zhiyin.domain.event import Event, Line
from zhiyin.domain.segment import MAX_FILTERS, Filter
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import comparison, comparison_frame, comparison_python, parts
from zhiyin.loop.profile.comparison import EVENT_FIELDS, LINE_FIELDS, property_kind
from zhiyin.loop.profile.segment_words import compared

if TYPE_CHECKING:
    from zhiyin.loop.profile.condition import Names
    from zhiyin.loop.profile.segment_frame import Plan


class Filters:
    """The kind of a part that holds filters."""

    name = "filters"

    def read(self, value: Any, place: str, zone: tzinfo) -> tuple[Filter, ...]:
        if not isinstance(value, list | tuple) or len(value) > MAX_FILTERS:
            raise BadRule(
                say("{place} needs a list of at most {most} filters.", place=place, most=MAX_FILTERS),
                fix=_EXAMPLE,
            )
        return tuple(_read(one, f"{place}[{i}]", zone) for i, one in enumerate(value))

    def dump(self, value: Sequence[Filter]) -> list[dict[str, Any]]:
        return [{"property": one.name, **comparison.dump(one.operator, one.value)} for one in value]

    def schema(self) -> dict[str, Any]:
        fields = [*LINE_FIELDS, *EVENT_FIELDS]
        named = [_schema({"enum": [name]}, name) for name in fields]
        others = {"type": "string", "pattern": parts.NAME, "not": {"enum": fields}}
        return {"type": "array", "maxItems": MAX_FILTERS, "items": {"anyOf": [*named, _schema(others, "")]}}


FILTERS = Filters()
_EXAMPLE = say('An example: "where": [{"property": "category", "is": "Tea"}]')


def matches(filters: Sequence[Filter], event: Event, as_of: datetime) -> bool:
    """Whether an event fits all filters."""
    if not filters:  # most often, and one customer may have a million events
        return True
    if any(one.name in LINE_FIELDS for one in filters) and not any(
        fits_line(filters, line) for line in event.products
    ):
        return False
    for one in filters:
        if one.name in LINE_FIELDS:
            continue
        found = getattr(event, one.name) if one.name in EVENT_FIELDS else event.properties.get(one.name)
        if not comparison_python.holds(property_kind(one.name), one.operator, one.value, found, as_of):
            return False
    return True


def fits_line(filters: Sequence[Filter], line: Line) -> bool:
    """Whether a line fits those of the filters that are on lines."""
    return all(getattr(line, one.name) in _values(one) for one in filters if one.name in LINE_FIELDS)


def line_flags(filters: Sequence[Filter]) -> list[nw.Expr]:
    """The same as expressions on a frame of lines, which has their fields as columns."""
    return [nw.col(one.name).is_in(_values(one)) for one in filters if one.name in LINE_FIELDS]


def flags(filters: Sequence[Filter], plan: Plan) -> list[nw.Expr]:
    """The same as expressions on the events, one for each thing to look at; none of them null."""
    found = []
    if lines := tuple((one.name, _values(one)) for one in filters if one.name in LINE_FIELDS):
        found.append(plan.line(lines))
    for one in filters:
        if one.name not in LINE_FIELDS:
            column = plan.event_field(one.name) if one.name in EVENT_FIELDS else plan.event_property(one.name)
            holds = comparison_frame.expression(
                property_kind(one.name), one.operator, one.value, column, plan.now
            )
            found.append(holds.fill_null(False))
    return found


def words(text: Text, filters: Sequence[Filter], names: Names) -> Text:
    """A sentence with its filters behind it."""
    if not filters:
        return text
    return say("{condition}, where {filter}", condition=text, filter=_told(filters, names))


def bracketed(text: str, filters: Sequence[Filter], names: Names) -> str:
    """A part of a sentence with its filters in brackets behind it."""
    return say("{step} ({filter})", step=text, filter=_told(filters, names)) if filters else text


def _told(filters: Sequence[Filter], names: Names) -> Text:
    return reduce(
        lambda one, other: say("{one} and {other}", one=one, other=other),
        (compared(names.property(one.name), one, names) for one in filters),
    )


def _read(form: Any, place: str, zone: tzinfo) -> Filter:
    if not isinstance(form, Mapping) or "property" not in form:
        raise BadRule(say("{place} must be an object with a property.", place=place), fix=_EXAMPLE)
    name = form["property"]
    parts.check_name(name, f"{place}.property")
    rest = {key: value for key, value in form.items() if key != "property"}
    return Filter(name, *comparison.read(property_kind(name), name, rest, place, zone))


def _values(one: Filter) -> tuple[str, ...]:
    return tuple(map(str, one.value if isinstance(one.value, tuple) else (one.value,)))


def _schema(name: dict[str, Any], example: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"property": name, **comparison.schema(property_kind(example))},
        "required": ["property"],
        "additionalProperties": False,
        "minProperties": 2,
        "maxProperties": 2,
    }
