"""The segment builder as data: what stands on the page, finished or not, and what its buttons change.

A field is named by its place: ``0`` says what the first part is and ``0.event`` belongs to it; ``2.1.value``
belongs to the second condition of the third part, a group. What the fields of a condition mean:
``segment_controls``; the rule: ``segment_rule``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from django.http import QueryDict

Fields = Mapping[str, tuple[str, ...]]  # what stands in each field of a condition, as text
_PLACE = re.compile(r"(?P<place>\d+(?:\.\d+)?)\.(?P<field>.+)")


@dataclass(frozen=True, slots=True)
class Condition:
    """One sentence of the builder. A field that is missing is as it is drawn at first.

    The ``sign`` is empty, ``!`` where the kind has a sentence for its opposite, and ``!!`` where "not" stands
    before the whole sentence.
    """

    kind: str
    sign: str = ""
    fields: Fields = field(default_factory=dict)

    @property
    def token(self) -> str:
        """Sign and kind in one word, as fields and buttons carry it."""
        return self.sign + self.kind


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


def fresh(token: str) -> Condition:
    """A condition that nobody has touched yet.

    >>> fresh("!did")
    Condition(kind='did', sign='!', fields={})
    """
    kind = token.lstrip("!")
    return Condition(kind, token.removesuffix(kind)[:2])


def one(fields: Fields, name: str, default: str = "") -> str:
    """What stands in a field; the default where there is none."""
    return fields[name][-1].strip() if fields.get(name) else default


def many(fields: Fields, name: str) -> tuple[str, ...]:
    """All that stands in the fields of that name."""
    return fields.get(name, ())


def below(fields: Fields, name: str) -> Fields:
    """The fields of one row.

    >>> below({"where.0.value": ("Tea",), "event": ("x",)}, "where.0")
    {'value': ('Tea',)}
    """
    prefix = f"{name}."
    return {key.removeprefix(prefix): values for key, values in fields.items() if key.startswith(prefix)}


def above(fields: Fields, name: str) -> Fields:
    """The fields of one row, as those of its condition: the opposite of ``below``."""
    return {f"{name}.{key}": values for key, values in fields.items()}


# --- posted fields → form -------------------------------------------------------------------------------


def read(data: QueryDict) -> Form:
    """The form of posted fields; unknown places are skipped."""
    match = "any" if data.get("match") == "any" else "all"
    parts: list[Condition | Group] = []
    for place in data.getlist("place"):
        if data.get(place) == "group":
            inner = tuple(_read(data, f"{place}.{n}") for n in data.getlist(f"{place}.place"))
            wanted = data.get(f"{place}.match", "any")
            parts.append(Group(wanted if wanted in ("all", "any", "none") else "any", inner))
        elif place in data:
            parts.append(_read(data, place))
    return Form(match, tuple(parts))


def _read(data: QueryDict, place: str) -> Condition:
    fields = below({key: tuple(map(str, values)) for key, values in data.lists()}, place)
    return replace(fresh(data.get(place, "")), fields=fields)


# --- buttons --------------------------------------------------------------------------------------------


def act(form: Form, do: str) -> Form:
    """The form after a button: ``add:did``, ``add:!did:2`` (into group 2), ``group``, ``remove:2.1``,
    ``more:0.where`` and ``less:0.where:1`` for rows, ``drop:1.values:"Shanghai"``. Anything else leaves it."""
    verb, _, rest = do.partition(":")
    path, _, value = rest.partition(":")
    if verb == "add" and not value:
        return replace(form, parts=(*form.parts, fresh(path)))
    if verb == "add":
        return _at(form, value, lambda part: _joined(part, fresh(path)))
    if verb == "group":
        return replace(form, parts=(*form.parts, Group("any", (fresh("trait"), fresh("did")))))
    if verb == "remove":
        return _at(form, path, lambda part: None)
    found = _PLACE.fullmatch(path)
    if verb in _CHANGES and found:
        return _at(form, found["place"], lambda part: _changed(part, found["field"], verb, value))
    return form


def touched(form: Form, do: str) -> str:
    """The place where a button left its mark on the form as it is now; the one before where it took one away.

    >>> touched(Form("all", (fresh("did"), Group("any", (fresh("did"),)))), "add:did:1")
    '1.0'
    """
    verb, _, rest = do.partition(":")
    path, _, value = rest.partition(":")
    if verb == "group" or (verb == "add" and not value):
        return str(len(form.parts) - 1)
    if verb == "add":
        group = form.parts[int(value)] if value.isdigit() and int(value) < len(form.parts) else None
        return f"{value}.{len(group.conditions) - 1}" if isinstance(group, Group) else ""
    if verb == "remove":
        outer, dot, last = path.rpartition(".")
        return f"{outer}{dot}{max(0, int(last) - 1)}" if last.isdigit() else ""
    found = _PLACE.fullmatch(path)
    return found["place"] if verb in _CHANGES and found else ""


def _more(rows: tuple[str, ...], value: str) -> tuple[str, ...]:
    return (*rows, str(max((int(row) for row in rows if row.isdigit()), default=-1) + 1))


def _less(rows: tuple[str, ...], value: str) -> tuple[str, ...]:
    return tuple(row for row in rows if row != value)


_CHANGES = {"more": _more, "less": _less, "drop": _less}


def _changed(part: Condition | Group, name: str, verb: str, value: str) -> Condition | Group:
    if not isinstance(part, Condition):
        return part
    return replace(part, fields={**part.fields, name: _CHANGES[verb](many(part.fields, name), value)})


def _joined(part: Condition | Group, condition: Condition) -> Condition | Group:
    return replace(part, conditions=(*part.conditions, condition)) if isinstance(part, Group) else part


def _at(form: Form, place: str, change: Callable[[Condition | Group], Condition | Group | None]) -> Form:
    outer, _, inner = place.partition(".")
    parts: list[Condition | Group] = []
    for index, part in enumerate(form.parts):
        if str(index) != outer:
            parts.append(part)
        elif not inner:
            changed = change(part)
            parts += [] if changed is None else [changed]
        elif isinstance(part, Group):
            kept = [change(one) if str(n) == inner else one for n, one in enumerate(part.conditions)]
            parts.append(replace(part, conditions=tuple(c for c in kept if isinstance(c, Condition))))
    return replace(form, parts=tuple(parts))


# --- links ----------------------------------------------------------------------------------------------


def prefilled(query: Mapping[str, str], traits: frozenset[str]) -> Form:
    """The form that a link opens, such as ``?lifecycle=at_risk`` or ``?r=5&f=1``.

    >>> prefilled({"lifecycle": "at_risk"}, frozenset({"lifecycle"})).parts[0].fields["value"]
    ('at_risk',)
    """
    return Form(
        "all",
        tuple(
            Condition("trait", fields={"trait": (name,), "operator": ("is",), "value": (value,)})
            for name, value in query.items()
            if name in traits and value
        ),
    )


def literal(value: str | int | float | bool) -> str:
    """A value of a list as a field carries it, so that ``"3"`` and ``3`` stay apart."""
    return json.dumps(value, ensure_ascii=False)
