"""The rule of a segment builder's form, and the form of a rule: ``form ⇄ rule``.

A rule has a form only where that form says exactly the same. Rules that nest deeper than one group, or hold what
no control shows (a moment to the microsecond), are edited as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zhiyin.domain.segment import All, Any, Not, Rule
from zhiyin.entrypoints.console import segment_form as forms
from zhiyin.entrypoints.console import segment_kinds as kinds
from zhiyin.entrypoints.console.segment_controls import Unfinished
from zhiyin.entrypoints.console.segment_form import Form, Group
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.loop.profile import condition as profile
from zhiyin.loop.profile.segment_json import dump


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rule of the finished conditions, in which place each stands, and the places left out with the reason,
    empty where something is only missing."""

    rule: Rule
    places: tuple[str, ...]  # of the rule's own parts, in order
    unfinished: Mapping[str, str]


# --- form → rule ----------------------------------------------------------------------------------------


def rule_of(form: Form, shop: Shop) -> Outcome:
    """The rule of a form. Unfinished conditions are left out and named; they are never an error."""
    rules: dict[str, Rule] = {}
    unfinished: dict[str, str] = {}
    for index, part in enumerate(form.parts):
        place = str(index)
        rule = (
            _group_rule(part, place, shop, unfinished)
            if isinstance(part, Group)
            else _condition_rule(part, place, shop, unfinished)
        )
        if rule is not None:
            rules[place] = rule
    found = tuple(rules.values())
    if len(found) == 1 and not isinstance(found[0], All | Any):
        return Outcome(found[0], tuple(rules), unfinished)
    joined = Any(found) if form.match == "any" and found else All(found)
    return Outcome(joined, tuple(rules), unfinished)


def _group_rule(group: Group, place: str, shop: Shop, unfinished: dict[str, str]) -> Rule | None:
    found = [
        _condition_rule(condition, f"{place}.{n}", shop, unfinished)
        for n, condition in enumerate(group.conditions)
    ]
    rules = tuple(rule for rule in found if rule is not None)
    if not group.conditions:
        unfinished[place] = ""
    if not rules:
        return None
    if group.match == "none":
        return Not(rules[0] if len(rules) == 1 else Any(rules))
    return All(rules) if group.match == "all" else Any(rules)


def _condition_rule(
    condition: forms.Condition, place: str, shop: Shop, unfinished: dict[str, str]
) -> Rule | None:
    try:
        return kinds.rule_of(condition, shop)
    except Unfinished as reason:
        unfinished[place] = reason.problem
        return None


# --- rule → form ----------------------------------------------------------------------------------------


def form_of(rule: Rule, shop: Shop) -> Form | None:
    """The form that says the same as a rule, or None where the builder cannot say it."""
    match rule:
        case All(rules):
            parts, match = [_part(one, shop) for one in rules], "all"
        case Any(rules):
            parts, match = [_part(one, shop) for one in rules], "any"
        case _:
            parts, match = [_part(rule, shop)], "all"
    if None in parts:
        return None
    form = Form(match, tuple(part for part in parts if part is not None))
    return form if same(rule_of(form, shop).rule, rule) else None


def _part(rule: Rule, shop: Shop) -> forms.Condition | Group | None:
    condition = condition_of(rule, shop)
    if condition is not None:
        return condition
    match rule:
        case All(rules):
            return _group("all", rules, shop)
        case Any(rules):
            return _group("any", rules, shop)
        case Not(Any(rules)):
            return _group("none", rules, shop)
    return None


def _group(match: str, rules: tuple[Rule, ...], shop: Shop) -> Group | None:
    conditions = [condition_of(rule, shop) for rule in rules]
    return None if None in conditions else Group(match, tuple(one for one in conditions if one is not None))


def condition_of(rule: Rule, shop: Shop) -> forms.Condition | None:
    """The condition that says the same as a rule without parts, or None where no sentence does."""
    inner = rule.rule if isinstance(rule, Not) else rule
    if not isinstance(inner, profile.Condition):
        return None
    for sign in ("!", "!!") if isinstance(rule, Not) else ("",):
        condition = kinds.shown(inner.KIND, dump(inner), shop, sign)
        try:
            if kinds.rule_of(condition, shop) == rule:
                return condition
        except Unfinished:
            continue
    return None


def same(one: Rule, other: Rule) -> bool:
    """Whether two rules say the same but for brackets around a single one.

    >>> same(All((Any((Not(All(())),)),)), Not(All(())))
    True
    """
    return _bare(one) == _bare(other)


def _bare(rule: Rule) -> Rule:
    match rule:
        case All(rules) | Any(rules) if len(rules) == 1:
            return _bare(rules[0])
        case All(rules):
            return All(tuple(map(_bare, rules)))
        case Any(rules):
            return Any(tuple(map(_bare, rules)))
        case Not(inner):
            return Not(_bare(inner))
    return rule
