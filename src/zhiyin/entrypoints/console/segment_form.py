"""The segment builder as data: form fields ⇄ conditions ⇄ rule.

A form holds conditions as they stand on the page, finished or not. A field is named by its place:
``0.event`` belongs to the first part, ``2.1.value`` to the second condition of the third part, a group.
Rules that nest deeper than one group have no form; they are edited as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any as Json

from django.http import QueryDict

from zhiyin.domain import segment
from zhiyin.domain.event import ORDER_COMPLETED
from zhiyin.domain.money import to_major, to_minor
from zhiyin.domain.segment import All, Any, Did, Not, Rule, Trait

MONEY = frozenset({"revenue", "average_order_value"})  # traits in minor units
OTHER = "other"  # the choice of a period that opens a field of its own


@dataclass(frozen=True, slots=True)
class Condition:
    """One sentence of the builder: what stands in each slot, as text."""

    kind: str = "did"  # did | never | trait | consent
    event: str = ORDER_COMPLETED
    times: str = "1"
    days: str = ""  # empty: at any time; "other": see days_other
    days_other: str = ""
    where: tuple[tuple[str, str], ...] = ()
    trait: str = "lifecycle"
    operator: str = "is"
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions in a dashed box, read together."""

    match: str = "any"  # all | any | none
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """The whole builder."""

    match: str = "all"  # all | any
    parts: tuple[Condition | Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rule of the finished conditions, in which place each stands, and the places left out."""

    rule: Rule
    places: tuple[str, ...]  # of the rule's own parts, in order
    unfinished: tuple[str, ...]


# --- form fields → form ---------------------------------------------------------------------------------


def read(data: QueryDict) -> Form:
    """The form of posted fields; unknown places are skipped."""
    match = "any" if data.get("match") == "any" else "all"
    parts: list[Condition | Group] = []
    for place in data.getlist("place"):
        if data.get(f"{place}.kind") == "group":
            inner = tuple(_read(data, f"{place}.{n}") for n in data.getlist(f"{place}.place"))
            wanted = data.get(f"{place}.match", "any")
            parts.append(Group(wanted if wanted in ("all", "any", "none") else "any", inner))
        elif f"{place}.kind" in data:
            parts.append(_read(data, place))
    return Form(match, tuple(parts))


def _read(data: QueryDict, place: str) -> Condition:
    typed = data.get(f"{place}.value", "")
    several = data.get(f"{place}.operator") in ("in", "not_in")
    typed_values = _split(typed) if several else ([typed.strip()] if typed.strip() else [])
    kept = data.getlist(f"{place}.values") if several else []
    return Condition(
        kind=data.get(f"{place}.kind", "did"),
        event=data.get(f"{place}.event", ORDER_COMPLETED).strip(),
        times=data.get(f"{place}.times", "1").strip(),
        days=data.get(f"{place}.days", ""),
        days_other=data.get(f"{place}.days_other", "").strip(),
        where=tuple(
            zip(
                (name.strip() for name in data.getlist(f"{place}.where_name")),
                (value.strip() for value in data.getlist(f"{place}.where_value")),
                strict=False,
            )
        ),
        trait=data.get(f"{place}.trait", "lifecycle").strip(),
        operator=data.get(f"{place}.operator", ""),
        values=tuple(dict.fromkeys([*kept, *typed_values])),
    )


def _split(text: str) -> list[str]:
    for mark in "，、;；\n":
        text = text.replace(mark, ",")
    return [part.strip() for part in text.split(",") if part.strip()]


def prefilled(query: Mapping[str, str], traits: frozenset[str]) -> Form:
    """The form that a link opens, such as ``?lifecycle=at_risk`` or ``?r=5&f=1``.

    >>> prefilled({"lifecycle": "at_risk"}, frozenset({"lifecycle"})).parts[0].values
    ('at_risk',)
    """
    return Form(
        "all",
        tuple(
            Condition(kind="trait", trait=name, operator="is", values=(value,))
            for name, value in query.items()
            if name in traits and value
        ),
    )


# --- buttons --------------------------------------------------------------------------------------------


def act(form: Form, do: str) -> Form:
    """The form after a button: ``add:did``, ``add:trait:2`` (into group 2), ``group``, ``remove:2.1``,
    ``where:0``, ``unwhere:0:1``, ``drop:1:Shanghai``. Anything else leaves it as it is."""
    verb, _, rest = do.partition(":")
    if verb == "add":
        kind, _, place = rest.partition(":")
        fresh = Condition(kind=kind)
        if not place:
            return replace(form, parts=(*form.parts, fresh))
        return _at(form, place, lambda part: replace(part, conditions=(*part.conditions, fresh)))
    if verb == "group":
        fresh_group = Group("any", (Condition(kind="trait"), Condition(kind="did")))
        return replace(form, parts=(*form.parts, fresh_group))
    if verb == "remove":
        return _at(form, rest, lambda part: None)
    if verb == "where":
        return _at(form, rest, lambda part: replace(part, where=(*part.where, ("category", ""))))
    if verb == "unwhere":
        place, _, n = rest.partition(":")
        kept = lambda c: tuple(w for i, w in enumerate(c.where) if str(i) != n)  # noqa: E731
        return _at(form, place, lambda c: replace(c, where=kept(c)))
    if verb == "drop":
        place, _, value = rest.partition(":")
        return _at(form, place, lambda c: replace(c, values=tuple(v for v in c.values if v != value)))
    return form


def _at(form: Form, place: str, change: Json) -> Form:
    outer, _, inner = place.partition(".")
    parts: list[Condition | Group] = []
    for index, part in enumerate(form.parts):
        if str(index) != outer:
            parts.append(part)
        elif not inner:
            changed = change(part)
            parts += [changed] if changed is not None else []
        elif isinstance(part, Group):
            kept = [
                change(condition) if str(n) == inner else condition
                for n, condition in enumerate(part.conditions)
            ]
            parts.append(replace(part, conditions=tuple(c for c in kept if c is not None)))
    return replace(form, parts=tuple(parts))


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
        return segment.parse(form)
    except segment.BadRule:
        return None


def _did_rule(condition: Condition) -> Rule | None:
    days = _whole(condition.days_other if condition.days == OTHER else condition.days)
    wants_days = bool(condition.days)
    times = _whole(condition.times) if condition.kind == "did" else 1
    where = tuple(sorted((name, value) for name, value in condition.where if name and value))
    if not condition.event or times is None or times < 1 or (wants_days and not days):
        return None
    if len(where) < len(condition.where):
        return None
    did = Did(condition.event, times, days or None, where)
    return Not(did) if condition.kind == "never" else did


def _value(condition: Condition, currency: str, kind: str) -> Json:
    values, operator = condition.values, condition.operator
    if operator in ("exists", "missing"):
        return operator == "exists"
    if not values:
        return None
    if operator in ("in", "not_in"):
        return [_scalar(value, kind, currency) for value in values]
    if operator == "contains":
        return values[0]
    if operator == "within_days":
        return _whole(values[0])
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
        case Not(Trait() | Did()):
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
        case Trait(name, operator, value):
            values = value if isinstance(value, tuple) else (value,)
            shown = tuple(_shown(name, operator, v, currency) for v in values)
            return Condition(kind="trait", trait=name, operator=operator, values=shown)
        case Did() as did:
            return _did_condition("did", did)
        case Not(Did(at_least=1) as did):
            return _did_condition("never", did)
        case _:
            return None


def _did_condition(kind: str, did: Did) -> Condition:
    return Condition(
        kind=kind,
        event=did.event,
        times=str(did.at_least),
        days="" if did.within_days is None else str(did.within_days),
        where=did.where,
    )


def _shown(trait: str, operator: str, value: Json, currency: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if trait in MONEY and isinstance(value, int) and operator != "within_days":
        amount = to_major(value, currency)
        return f"{amount:.0f}" if amount % 1 == 0 else f"{amount:f}"
    return str(value)


# --- rule ⇄ text ----------------------------------------------------------------------------------------


def text_of(rule: Rule) -> str:
    """The text form of a rule."""
    from zhiyin.loop.profile import segment_text

    return segment_text.format(rule)


def rule_from(text: str) -> Rule:
    """The rule of a text; ``rule_from(text_of(rule)) == rule``. Raises ``BadRule`` naming the place."""
    from zhiyin.loop.profile import segment_text

    return segment_text.parse(text)
