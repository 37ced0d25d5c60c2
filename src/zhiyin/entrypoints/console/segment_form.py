"""The segment builder as data: what stands on the page, finished or not, and what its buttons change.

A field is named by its place: ``0.event`` belongs to the first part, ``2.1.value`` to the second condition of
the third part, a group. Its rule: ``segment_rule``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any as Json

from django.http import QueryDict

from zhiyin.domain.event import ORDER_COMPLETED
from zhiyin.domain.feature import FEATURES, Unit

MONEY = frozenset(one.name for one in FEATURES if one.unit == Unit.MONEY)  # in minor units
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
