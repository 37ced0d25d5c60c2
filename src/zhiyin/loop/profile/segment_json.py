"""The JSON form of rules, the one that is kept and published::

{"all": [RULE, …]}   {"any": [RULE, …]}   {"not": RULE}
{"trait": "city", "in": ["上海", "Hangzhou"]}
{"did": "Order Completed", "at_least": 3, "within": "90d", "where": [{"property": "category", "is": "Tea"}]}
{"sum": "Order Completed", "at_least": 50000}   likewise average, minimum, maximum
{"distinct": "Product Viewed", "of": "item_id", "at_least": 5}
{"first": "Order Completed", "within": "30d"}   likewise last
{"sequence": ["Product Added", {"event": "Order Completed", "where": […]}], "gap": "7d", "without": […]}
{"engaged": "opened", "campaign": "spring", "within": "30d"}
{"in_segment": "vip"}   {"sample": 10, "seed": "a"}   {"nearest": 500, "by": "revenue", "to": "highest"}
{"consents": "email", "purpose": "marketing", "granted": true}
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any as Json

from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import MAX_CONDITIONS, MAX_DEPTH, All, Any, Not, Rule, conditions
from zhiyin.domain.text import say
from zhiyin.loop.profile.condition import Condition
from zhiyin.loop.profile.conditions import CONDITIONS

HEADS = ("all", "any", "not", *CONDITIONS)


def parse(data: Json, zone: tzinfo = UTC) -> Rule:
    """The rule of a JSON form; times without an offset are in ``zone``. Raises ``BadRule`` naming the place.

    >>> parse({"trait": "orders", "at_least": 3})
    Trait(name='orders', operator='at_least', value=3)
    """
    rule = _parse(data, "rule", MAX_DEPTH, zone)
    if sum(1 for _ in conditions(rule)) > MAX_CONDITIONS:
        raise BadRule(
            say("The rule has more than {max_conditions} conditions.", max_conditions=MAX_CONDITIONS),
            fix=say("Split it into segments."),
        )
    return rule


def load(data: Json) -> Rule:
    """The rule of a form that was kept with other segments expanded in it, which may be larger and deeper."""
    return _parse(data, "rule", (MAX_DEPTH + 2) * MAX_DEPTH, UTC)


def dump(rule: Rule) -> dict[str, Json]:
    """The JSON form of a rule; ``parse(dump(rule)) == rule``."""
    match rule:
        case All(rules):
            return {"all": [dump(inner) for inner in rules]}
        case Any(rules):
            return {"any": [dump(inner) for inner in rules]}
        case Not(inner):
            return {"not": dump(inner)}
        case Condition():
            return rule.dump()
    raise TypeError(f"{rule!r} is not a rule")


def schema() -> dict[str, Json]:
    """The JSON Schema of rules, draft 2020-12. Depth and number of conditions are bounded beside it."""
    rule = {"$ref": "#/$defs/rule"}
    several = {"type": "array", "items": rule}
    joins = [_only("all", several), _only("any", several), _only("not", rule)]
    kinds = [{"$ref": f"#/$defs/{name}"} for name in CONDITIONS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rule of a segment",
        "$ref": "#/$defs/rule",
        "$defs": {
            "rule": {"anyOf": [*joins, *kinds]},
            **{name: kind.schema() for name, kind in CONDITIONS.items()},
        },
    }


def _parse(data: Json, place: str, left: int, zone: tzinfo) -> Rule:
    """``left`` is how many levels there may still be."""
    if not left:
        raise BadRule(
            say(
                "The rule is nested more than {max_depth} deep at {place}.", max_depth=MAX_DEPTH, place=place
            ),
            fix=say("Make it flatter."),
        )
    if not isinstance(data, Mapping):
        raise BadRule(
            say("{place} must be an object, not {type}.", place=place, type=type(data).__name__), fix=_FORMS
        )
    heads = [key for key in HEADS if key in data]
    if len(heads) != 1:
        raise BadRule(
            say("{place} must have exactly one of {heads}.", place=place, heads=HEADS),
            why=say('Write {"not": {"did": …}} for never.') if "never" in data else "",
            fix=_FORMS,
        )
    (head,) = heads
    if head in CONDITIONS:
        return CONDITIONS[head].read(data, place, zone)
    if len(data) > 1:
        raise BadRule(say("{place}.{head} must stand alone.", place=place, head=head), fix=_FORMS)
    if head == "not":
        return Not(_parse(data[head], f"{place}.not", left - 1, zone))
    if not isinstance(data[head], list | tuple):
        raise BadRule(say("{place}.{head} must be a list.", place=place, head=head), fix=_FORMS)
    rules = tuple(_parse(one, f"{place}.{head}[{i}]", left - 1, zone) for i, one in enumerate(data[head]))
    return All(rules) if head == "all" else Any(rules)


def _only(name: str, shape: dict[str, Json]) -> dict[str, Json]:
    return {"type": "object", "properties": {name: shape}, "required": [name], "additionalProperties": False}


_FORMS = say(
    'Forms are {{"all": […]}}, {{"any": […]}}, {{"not": …}}, {forms}.',
    forms=[f'{{"{name}": …}}' for name in CONDITIONS],
)
