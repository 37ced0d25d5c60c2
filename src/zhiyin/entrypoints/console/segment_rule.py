"""The rule of a segment builder's form, and the form of a rule: ``form ⇄ rule``.

Rules that nest deeper than one group, or say what no sentence of the builder says, have no form; they are
edited as text. "Did not" of the builder is ``not`` of ``did``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any as Json

from zhiyin.domain.errors import BadRule
from zhiyin.domain.money import to_major, to_minor
from zhiyin.domain.segment import All, Any, Filter, Not, Rule, Window
from zhiyin.entrypoints.console.segment_count import whole_days
from zhiyin.entrypoints.console.segment_form import MONEY, OTHER, Condition, Form, Group
from zhiyin.loop.profile import segment_json
from zhiyin.loop.profile.conditions import Did, Trait


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rule of the finished conditions, in which place each stands, and the places left out."""

    rule: Rule
    places: tuple[str, ...]  # of the rule's own parts, in order
    unfinished: tuple[str, ...]


# --- form → rule ----------------------------------------------------------------------------------------


def rule_of(form: Form, currency: str, kinds: Mapping[str, str]) -> Outcome:
    """The rule of a form. Unfinished conditions are left out and named; they are never an error.

    ``kinds`` says what each known trait holds (number, money, time, choice, flag, text), so that the text
    of a slot becomes the value meant.
    """
    rules: list[Rule] = []
    places: list[str] = []
    unfinished: list[str] = []
    for index, part in enumerate(form.parts):
        place = str(index)
        rule = (
            _group_rule(part, place, currency, kinds, unfinished)
            if isinstance(part, Group)
            else condition_rule(part, currency, kinds)
        )
        if rule is None:
            unfinished += [] if isinstance(part, Group) and part.conditions else [place]
        else:
            rules.append(rule)
            places.append(place)
    if form.match == "any" and rules:
        return Outcome(Any(tuple(rules)), tuple(places), tuple(unfinished))
    return Outcome(All(tuple(rules)), tuple(places), tuple(unfinished))


def _group_rule(
    group: Group, place: str, currency: str, kinds: Mapping[str, str], unfinished: list[str]
) -> Rule | None:
    rules = []
    for n, condition in enumerate(group.conditions):
        rule = condition_rule(condition, currency, kinds)
        if rule is None:
            unfinished.append(f"{place}.{n}")
        else:
            rules.append(rule)
    if not rules:
        return None
    if group.match == "all":
        return All(tuple(rules))
    return Not(Any(tuple(rules))) if group.match == "none" else Any(tuple(rules))


def condition_rule(condition: Condition, currency: str, kinds: Mapping[str, str]) -> Rule | None:
    """The rule of one condition, or None while a slot is empty or cannot be read."""
    if condition.kind == "consent":
        return Trait("email_consent", "is", True)
    if condition.kind in ("did", "never"):
        return _did_rule(condition)
    value = _value(condition, currency, kinds.get(condition.trait, ""))
    if not condition.trait or not condition.operator or value is None:
        return None
    operator = "exists" if condition.operator == "missing" else condition.operator
    form = {"trait": condition.trait, operator: value}
    try:
        return segment_json.parse(form)
    except BadRule:
        return None


def _did_rule(condition: Condition) -> Rule | None:
    days = _whole(condition.days_other if condition.days == OTHER else condition.days)
    wants_days = bool(condition.days)
    times = _whole(condition.times) if condition.kind == "did" else 1
    if not condition.event or times is None or times < 1 or (wants_days and not days):
        return None
    if not all(name and value for name, value in condition.where):
        return None
    where = [{"property": name, "is": value} for name, value in condition.where]
    form = {"did": condition.event, "at_least": times, "where": where}
    try:
        did = Did.read(form | ({"within": f"{days}d"} if days else {}), "did", UTC)
    except BadRule:
        return None
    return Not(did) if condition.kind == "never" else did


def _value(condition: Condition, currency: str, kind: str) -> Json:
    values, operator = condition.values, condition.operator
    if operator in ("exists", "missing"):
        return operator == "exists"
    if not values:
        return None
    if operator in ("in", "not_in"):
        return [_scalar(value, kind, currency) for value in values]
    if operator in ("contains", "starts", "ends"):
        return values[0]
    if operator == "within":
        days = _whole(values[0])
        return None if days is None else f"{days}d"
    return _scalar(values[0], kind, currency)


def _scalar(text: str, kind: str, currency: str) -> Json:
    """The value that a slot's text means; for a trait of unknown kind, a number where it reads as one."""
    if kind == "flag":
        return text == "true"
    if kind in ("text", "choice"):
        return text
    if kind == "money":
        try:
            return to_minor(text, currency)
        except ValueError:
            return text
    if not kind and text in ("true", "false"):
        return text == "true"
    try:
        number = float(text)
    except ValueError:
        return text
    if number != number or abs(number) == float("inf"):
        return text
    return int(number) if number.is_integer() else number


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


# --- rule → form ----------------------------------------------------------------------------------------


def form_of(rule: Rule, currency: str) -> Form | None:
    """The form that shows a rule, or None where it nests deeper than the builder does."""
    match rule:
        case All(rules):
            parts, match = [_part(r, currency) for r in rules], "all"
        case Any(rules):
            parts, match = [_part(r, currency) for r in rules], "any"
        case _:
            parts, match = [_part(rule, currency)], "all"
    return None if None in parts else Form(match, tuple(p for p in parts if p is not None))


def _part(rule: Rule, currency: str) -> Condition | Group | None:
    match rule:
        case All(rules):
            return _group("all", rules, currency)
        case Any(rules) | Not(Any(rules)):
            return _group("none" if isinstance(rule, Not) else "any", rules, currency)
        case Not(Did(at_least=1)):
            return condition_of(rule, currency)
        case Not(Trait() | Did(at_most=None)):
            return _group("none", (rule.rule,), currency)
        case _:
            return condition_of(rule, currency)


def _group(match: str, rules: tuple[Rule, ...], currency: str) -> Group | None:
    conditions = [condition_of(rule, currency) for rule in rules]
    return None if None in conditions else Group(match, tuple(c for c in conditions if c is not None))


def condition_of(rule: Rule, currency: str) -> Condition | None:
    """The condition that shows a rule without parts, or None where it has some."""
    match rule:
        case Trait("email_consent", "is", True):
            return Condition(kind="consent")
        case Trait(name, "exists", value):
            return Condition(kind="trait", trait=name, operator="exists" if value else "missing")
        case Trait(operator="has" | "before" | "after"):
            return None  # no sentence of the builder says these
        case Trait(name, "within", timedelta() as span):
            days = span // timedelta(days=1)
            whole = span == timedelta(days=days)
            return (
                Condition(kind="trait", trait=name, operator="within", values=(str(days),)) if whole else None
            )
        case Trait(name, operator, value):
            values = value if isinstance(value, tuple) else (value,)
            shown = tuple(_shown(name, v, currency) for v in values)
            return Condition(kind="trait", trait=name, operator=operator, values=shown)
        case Did() as did:
            return _did_condition("did", did)
        case Not(Did(at_least=1) as did):
            return _did_condition("never", did)
        case _:
            return None


def _did_condition(kind: str, did: Did) -> Condition | None:
    days = whole_days(did)
    if did.at_most is not None or (days is None and did.window != Window()):
        return None
    where = tuple((one.name, str(one.value)) for one in did.where if _plain(one))
    if len(where) < len(did.where):
        return None
    shown = "" if days is None else str(days)
    return Condition(kind=kind, event=did.event, times=str(did.at_least), days=shown, where=where)


def _plain(one: Filter) -> bool:
    """Whether it is a sentence of the builder: a property is a text."""
    return one.operator == "is" and isinstance(one.value, str)


def _shown(trait: str, value: Json, currency: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if trait in MONEY and isinstance(value, int):
        amount = to_major(value, currency)
        return f"{amount:.0f}" if amount % 1 == 0 else f"{amount:f}"
    return str(value)
