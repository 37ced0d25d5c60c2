"""a rejected payload and a rule → the repaired payload. Rules are data: a name and a tuple of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.text import say
from zhiyin.loop.collect import repair_amounts, repair_names

Do = Literal[
    "set",
    "copy",
    "drop",
    "rename",
    "positive",
    "refund",
    "numbers",
    "no_numbers",
    "smaller",
    "external",
    "typed",
]

# what needs more than a path and a value
_SPECIAL = {
    "positive": repair_amounts.positive,
    "refund": repair_amounts.refund,
    "numbers": repair_amounts.numbers,
    "no_numbers": repair_amounts.no_numbers,
    "smaller": repair_names.smaller,
    "external": repair_names.external,
    "typed": repair_names.typed,
}
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a payload.

    ``set`` puts ``value`` at ``path``, ``copy`` puts there what stands at the path ``value``, ``drop`` takes it
    out; ``rename`` calls events of the name ``path`` by the name ``value``. The others need neither: money made
    ``positive``, turned into a ``refund``, read as ``numbers`` or left out (``no_numbers``), the payload made
    ``smaller``, reserved names marked as ``external``, an unknown type
    made the name of a track event (``typed``). Paths are names with dots: ``properties.total``.
    """

    do: Do
    path: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Repair:
    """A rule: ``name`` says which one, ``reason`` which rejects it is made for, empty for any.

    No changes means: send as it is, for instance after a setting was changed.
    """

    name: str
    reason: str = ""
    changes: tuple[Change, ...] = ()


def applies(payload: Any, rule: Repair) -> Any | None:
    """The payload as the rule repairs it, None where the rule has nothing to do or cannot be followed.

    Nothing else of the payload changes, and what was given stays as it was. Repairing what is repaired already
    does nothing.

    >>> applies({"userId": "", "properties": {"id": "c1"}}, rule(copy={"userId": "properties.id"}))
    {'userId': 'c1', 'properties': {'id': 'c1'}}
    """
    if not isinstance(payload, dict):
        return None
    if not rule.changes:
        return payload
    repaired: dict[str, Any] = payload
    for change in rule.changes:
        changed = _changed(repaired, change)
        if changed is None:
            return None
        repaired = changed
    return None if repaired == payload else repaired


def rule(
    *,
    name: str = "own",
    set: Mapping[str, Any] | None = None,
    copy: Mapping[str, str] | None = None,
    drop: Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
    positive: bool = False,
) -> Repair:
    """A rule of one's own. Raises ``BadSetting`` where it changes a field twice, or one that it copies: then
    the order of changes, and how often they are done, would matter.
    """
    changes = [
        *(Change("set", path, value) for path, value in (set or {}).items()),
        *(Change("copy", path, source) for path, source in (copy or {}).items()),
        *(Change("drop", path) for path in drop),
        *(Change("rename", old, new) for old, new in (rename or {}).items()),
        *([Change("positive")] if positive else []),
    ]
    if not changes:
        raise BadSetting(say("The rule changes nothing."), fix=say("Set, copy, drop or rename something."))
    _check(changes)
    return Repair(name, "", tuple(changes))


def at(payload: Any, path: str) -> Any:
    """What stands at a path, None where nothing does; numbers count in lists.

    >>> at({"properties": {"products": [{"price": 5}]}}, "properties.products.0.price")
    5
    """
    found = _at(payload, path)
    return None if found is _MISSING else found


def _changed(payload: dict[str, Any], change: Change) -> dict[str, Any] | None:
    """The payload after one change; the same where nothing is to be done, None where it cannot be done."""
    if change.do in _SPECIAL:
        return _SPECIAL[change.do](payload)
    if change.do == "rename":
        return {**payload, "event": change.value} if payload.get("event") == change.path else payload
    names = change.path.split(".")
    if change.do == "drop":
        return payload if _at(payload, change.path) is _MISSING else _without(payload, names)
    value = change.value
    if change.do == "copy":
        value = _at(payload, change.value)
        if value is _MISSING or value is None or value == "":
            return None
    written: dict[str, Any] | None = _with(payload, names, value)
    return written


def _at(payload: Any, path: str) -> Any:
    found = payload
    for name in path.split("."):
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return _MISSING
    return found


def _with(within: Any, names: Sequence[str], value: Any) -> Any:
    """A copy with the value in its place; None where something that is no object stands in the way."""
    if within is None:
        within = {}
    if not isinstance(within, dict):
        return None
    name, rest = names[0], names[1:]
    inner = _with(within.get(name), rest, value) if rest else value
    return None if rest and inner is None else {**within, name: inner}


def _without(within: dict[str, Any], names: Sequence[str]) -> dict[str, Any] | None:
    name, rest = names[0], names[1:]
    if not rest:
        return {key: value for key, value in within.items() if key != name}
    if not isinstance(within[name], dict):
        return None  # a place in a list
    inner = _without(within[name], rest)
    return None if inner is None else {**within, name: inner}


def _check(changes: Sequence[Change]) -> None:
    used: list[tuple[str, bool]] = []  # path, whether it is written
    for change in changes:
        if change.do == "positive":
            mine = [("properties", True)]
        elif change.do == "rename":
            mine = [("event", True)]
            if change.path == change.value or not change.value:
                raise _twice("event")
        else:
            mine = [(change.path, True)]
            if change.do == "copy":
                mine.append((change.value, False))
        for path, _ in mine:
            if not path or not all(path.split(".")):
                raise BadSetting(
                    say("{path!r} is no path.", path=path),
                    fix=say("Write names with dots between them, such as properties.total."),
                )
        for number, (path, written) in enumerate(mine):
            others = used + mine[:number]
            for other, also in others:
                if (written or also) and _overlap(path, other):
                    raise _twice(path)
        used += mine


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def _twice(path: str) -> BadSetting:
    return BadSetting(
        say("The rule changes {path} twice, or copies what it changes.", path=path),
        fix=say("Use two rules, one after the other."),
    )
