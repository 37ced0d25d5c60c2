"""fields ↔ MJML of one block: a layout is filled in, and read back only where nothing else was changed.

In a layout ``[[name]]`` is the place of a field, ``[[?name]]…[[/?]]`` stands only where that field is filled in,
and ``[[*name]]…[[/*]]`` stands once for every entry of a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from zhiyin.domain.errors import BadTemplate
from zhiyin.loop.deliver.block_fields import FITS, Field, Form, Kind, Values, clean
from zhiyin.loop.deliver.mjml import LIQUID


def fill(kind: Kind, values: Values) -> str:
    """The MJML of a block with these values, each cleaned first."""
    return _filled(_tree(kind.layout), clean(kind.fields, values), _by_name(kind.fields))


def read(kind: Kind, source: str) -> dict[str, Any] | None:
    """The values of a block; None where its MJML is not what ``fill`` writes, so that nothing of it gets lost.

    >>> from zhiyin.loop.deliver.block_kinds import KINDS
    >>> read(KINDS["spacer"], fill(KINDS["spacer"], {"height": "30"}))
    {'height': '30'}
    """
    found = re.fullmatch(_pattern(kind), source)
    if found is None:
        return None
    fields = _by_name(kind.fields)
    values = _values(found.groupdict(), fields)
    for node in _tree(kind.layout):
        if node.kind == "*":
            own = _by_name(fields[node.text].fields)
            entries = list(re.finditer(_entry(kind, node), found[f"{node.text}__list"]))
            values[node.text] = [_values(entry.groupdict(), own) for entry in entries]
            for entry in entries[:1]:  # fields of the block that stand in its entries
                shared = _values(entry.groupdict(), fields)
                values |= {name: shared[name] for name in shared.keys() - own.keys() - {node.text}}
    try:
        values = clean(kind.fields, values)
    except BadTemplate:  # more in a field than a person types
        return None
    return values if _filled(_tree(kind.layout), values, fields) == source else None


# --- a layout as a tree, filled in ---


@dataclass(frozen=True, slots=True)
class _Node:
    kind: str  # "" text as it is, "=" a place, "?" optional, "*" repeated
    text: str
    inside: tuple[_Node, ...] = ()
    quoted: bool = False


_PLACE = re.compile(r'(?P<quote>="[^"\[]*)?\[\[(?P<kind>[?*/]?)(?P<name>[a-z_?*]+)\]\]')


@cache
def _tree(layout: str) -> tuple[_Node, ...]:
    stack: list[tuple[str, str, list[_Node]]] = [("", "", [])]
    last = 0
    for place in _PLACE.finditer(layout):
        quote = place["quote"] or ""
        stack[-1][2].append(_Node("", layout[last : place.start()] + quote))
        last = place.end()
        if place["kind"] == "/":
            kind, name, inside = stack.pop()
            stack[-1][2].append(_Node(kind, name, tuple(inside)))
        elif place["kind"]:
            stack.append((place["kind"], place["name"], []))
        else:
            stack[-1][2].append(_Node("=", place["name"], quoted=bool(quote)))
    return (*stack[0][2], _Node("", layout[last:]))


def _filled(nodes: Sequence[_Node], values: Values, fields: Mapping[str, Field]) -> str:
    parts: list[str] = []
    for node in nodes:
        if node.kind == "":
            parts.append(node.text)
        elif node.kind == "=":
            parts.append(_written(fields[node.text], values[node.text], node.quoted))
        elif node.kind == "*":
            within = {**fields, **_by_name(fields[node.text].fields)}
            parts += [_filled(node.inside, {**values, **entry}, within) for entry in values[node.text]]
        elif values[node.text]:
            parts.append(_filled(node.inside, values, fields))
    return "".join(parts)


_AMPERSAND = re.compile(r"&(?!#\d+;|#x[0-9a-fA-F]+;|\w+;)")
_LESS = re.compile(r"<(?![a-zA-Z/!])")


def _written(one: Field, value: str, quoted: bool) -> str:
    if one.form == Form.CHOICE:
        return one.choices[value]
    if one.form not in (Form.LINE, Form.LINK, Form.TEXT):
        return value

    def escaped(text: str) -> str:
        text = _AMPERSAND.sub("&amp;", text)
        text = _LESS.sub("&lt;", text) if one.form == Form.TEXT else text.replace("<", "&lt;")
        return text.replace('"', "&quot;") if quoted else text.replace("\n", "<br />\n")

    return _outside(value, escaped)


def _outside(text: str, change: Callable[[str], str]) -> str:
    """The text with everything changed that is not Liquid."""
    parts, last = [], 0
    for piece in LIQUID.finditer(text):
        parts += [change(text[last : piece.start()]), piece[0]]
        last = piece.end()
    return "".join([*parts, change(text[last:])])


# --- a layout as a pattern, read back ---

# a place takes all it can and gives nothing back, so that no text makes reading slow
_ANY_LIQUID = rf"(?s:{LIQUID.pattern})"
_INNER = {
    Form.LINE: rf"(?:{_ANY_LIQUID}|[^<{{]|\{{(?![{{%]))*+",
    Form.TEXT: rf"(?:{_ANY_LIQUID}|(?!</?mj|<!--)[^{{]|\{{(?![{{%]))*+",
}
_QUOTED = rf'(?:{_ANY_LIQUID}|[^"<{{]|\{{(?![{{%]))*+'


@cache
def _pattern(kind: Kind) -> re.Pattern[str]:
    return re.compile(_regex(_tree(kind.layout), _by_name(kind.fields), count()))


@cache
def _entry(kind: Kind, node: _Node) -> re.Pattern[str]:
    fields = _by_name(kind.fields)
    return re.compile(_regex(node.inside, {**fields, **_by_name(fields[node.text].fields)}, count()))


def _regex(
    nodes: Sequence[_Node], fields: Mapping[str, Field], number: Iterator[int], *, named: bool = True
) -> str:
    parts = []
    for node in nodes:
        start = f"(?P<{node.text}__{next(number)}>" if named and node.kind in ("=", "?") else "(?:"
        if node.kind == "":
            parts.append(re.escape(node.text))
        elif node.kind == "=":
            parts.append(f"{start}{_inner(fields[node.text], node.quoted)})")
        elif node.kind == "?":
            inside = _regex(node.inside, fields, number, named=named)
            flag = fields[node.text].form == Form.FLAG
            parts.append(f"{start if flag else '(?:'}{inside})?+")
        else:
            within = {**fields, **_by_name(fields[node.text].fields)}
            parts.append(f"(?P<{node.text}__list>(?:{_regex(node.inside, within, number, named=False)})*+)")
    return "".join(parts)


def _inner(one: Field, quoted: bool) -> str:
    if one.form == Form.CHOICE:
        return "|".join(re.escape(written) for written in sorted(one.choices.values(), key=len, reverse=True))
    if one.form in FITS:
        return FITS[one.form].pattern
    return _QUOTED if quoted else _INNER[one.form]


def _values(found: Mapping[str, str | None], fields: Mapping[str, Field]) -> dict[str, Any]:
    """The value of every field: what stands in its first place that is there; without one it is empty."""
    values: dict[str, Any] = {}
    for place, raw in found.items():
        name = place.rpartition("__")[0]
        if name in fields and name not in values and raw is not None and fields[name].form != Form.LIST:
            values[name] = _plain(fields[name], raw)
    return values


def _plain(one: Field, raw: str) -> str:
    """What a person typed so that this was written."""
    if one.form == Form.CHOICE:
        return next(value for value, written in one.choices.items() if written == raw)
    if one.form not in (Form.LINE, Form.LINK, Form.TEXT):
        return raw
    broken = _outside(raw, lambda text: text.replace("<br />\n", "\n"))
    typed = _outside(
        broken, lambda text: text.replace("&lt;", "<").replace("&quot;", '"').replace("&amp;", "&")
    )
    same = any(_written(one, typed, quoted) == raw for quoted in (False, True))
    return typed if same else broken


@cache
def _named(fields: tuple[Field, ...]) -> Mapping[str, Field]:
    return {one.name: one for one in fields}


def _by_name(fields: Sequence[Field]) -> Mapping[str, Field]:
    return _named(tuple(fields))
