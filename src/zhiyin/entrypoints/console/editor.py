"""The block editor: what somebody did to the blocks of a body, and what the page shows of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext

from zhiyin.domain.errors import BadTemplate, ZhiyinError
from zhiyin.entrypoints.console import template_words as words
from zhiyin.loop.deliver import block_fields, blocks
from zhiyin.loop.deliver.block_fields import Field, Form
from zhiyin.loop.deliver.block_kinds import KINDS
from zhiyin.loop.deliver.blocks import Document

_TYPED = ("fields", "source")  # where somebody typed last
NONE = -1  # no block is chosen
_TAGS = re.compile(r"<[^>]*>|\s+")


@dataclass(frozen=True, slots=True)
class Edited:
    """A body after somebody did something to it, which block is chosen now, and what to tell them."""

    body: str
    chosen: int = NONE
    said: str = ""
    before: str | None = None  # the body to go back to, where something was removed
    op: str = ""  # what was done
    error: ZhiyinError | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A block as the list shows it."""

    number: int
    name: str
    icon: str
    note: str
    chosen: bool
    first: bool
    last: bool


def edit(data: QueryDict, *, language: str = "") -> Edited:
    """What was posted, done: ``op`` says what, ``n`` to which block. What cannot be done is the error."""
    op = data.get("op", "") or (data["touched"] if data.get("touched") in _TYPED else "")
    return replace(_edit(data, op, language), op=op)


def _edit(data: QueryDict, op: str, language: str) -> Edited:
    body = data.get("body", "").replace("\r\n", "\n")
    document = blocks.parse(body)
    asked = data.get("n") if op != "fields" else data.get("chosen")
    at = _number(asked or "", len(document.blocks))
    chosen = _number(data.get("chosen", ""), len(document.blocks))
    if op == "undo":
        return Edited(data.get("before", "").replace("\r\n", "\n"), chosen, gettext("It is back."))
    if op == "add":
        return _added(document, chosen, data, language)
    if op not in _OPS or at == NONE:
        return Edited(body, chosen)
    try:
        return _OPS[op](document, at, data)
    except BadTemplate as error:
        return Edited(body, at, error=error)


def context(body: str, edited: Edited) -> dict[str, Any]:
    """What the templates of the editor show of a body."""
    document = blocks.parse(body)
    focus = {"add": "pick", "undo": "", "choose": "pick", "copy": "pick", "move": "pick"}.get(
        edited.op, edited.op
    )
    return {
        "body": body,
        "rows": rows(document, edited.chosen),
        "chosen": edited.chosen if edited.chosen != NONE else "",
        "inspector": inspector(document, edited.chosen),
        "palette": palette(),
        "edited": edited,
        "whole": edited.op not in ("", *_TYPED),
        "focus": f"{focus}-{edited.chosen}"
        if focus and edited.chosen != NONE
        else "undo"
        if edited.before
        else "",
    }


def rows(document: Document, chosen: int) -> list[Row]:
    """The list of blocks."""
    last = len(document.blocks) - 1
    return [
        Row(n, name_of(block), words.ICONS[block.kind], _note(block), n == chosen, n == 0, n == last)
        for n, block in enumerate(document.blocks)
    ]


def name_of(block: blocks.Block) -> str:
    """The kind of a block in words."""
    return str(words.KINDS[block.kind])


def inspector(document: Document, chosen: int) -> dict[str, Any] | None:
    """The fields of the chosen block; of one that was written by hand its MJML."""
    if not 0 <= chosen < len(document.blocks):
        return None
    block = document.blocks[chosen]
    shown: dict[str, Any] = {"number": chosen, "kind": block.kind, "name": name_of(block)}
    if block.kind == blocks.SAVED:
        return {**shown, "key": (block.values or {})["key"]}
    if block.values is None:
        return {**shown, "source": block.source, "lines": min(30, block.source.count("\n") + 2)}
    return {**shown, "fields": _fields(KINDS[block.kind].fields, block.values, "f")}


def palette() -> list[tuple[str, str, str]]:
    """The kinds of blocks that can be added: key, name, icon."""
    return [(kind, str(words.KINDS[kind]), words.ICONS[kind]) for kind in KINDS]


def _added(document: Document, chosen: int, data: QueryDict, language: str) -> Edited:
    body = blocks.format_(document)
    kind, at = data.get("kind", ""), chosen + 1 if chosen != NONE else _before_footer(document)
    try:
        if not document.open:
            raise BadTemplate(
                gettext("Blocks can be added to a message in MJML only."),
                fix=gettext("Put <mjml><mj-body>…</mj-body></mjml> around it."),
            )
        block = (
            blocks.block(kind, {"key": data.get("key", "")})
            if kind == blocks.SAVED
            else blocks.new(kind if kind in KINDS else "text", language)
        )
        changed = blocks.insert(document, at, block)
    except BadTemplate as error:
        return Edited(body, chosen, error=error)
    return Edited(blocks.format_(changed), at, _placed(changed, at))


def _before_footer(document: Document) -> int:
    count = len(document.blocks)
    return count - 1 if count and document.blocks[-1].kind == "footer" else count


def _moved(document: Document, at: int, to: int) -> Edited:
    to = max(0, min(to, len(document.blocks) - 1))
    changed = blocks.move(document, at, to)
    return Edited(blocks.format_(changed), to, _placed(changed, to))


def _placed(document: Document, at: int) -> str:
    told = {"name": name_of(document.blocks[at]), "n": at + 1, "of": len(document.blocks)}
    return gettext("%(name)s is block %(n)s of %(of)s now.") % told


def _copied(document: Document, at: int, data: QueryDict) -> Edited:
    changed = blocks.duplicate(document, at)
    return Edited(blocks.format_(changed), at + 1, _placed(changed, at + 1))


def _removed(document: Document, at: int, data: QueryDict) -> Edited:
    said = gettext("%(name)s was removed.") % {"name": name_of(document.blocks[at])}
    return Edited(blocks.format_(blocks.remove(document, at)), NONE, said, blocks.format_(document))


def _filled(document: Document, at: int, data: QueryDict) -> Edited:
    old = document.blocks[at]
    if old.values is None:
        changed = blocks.by_hand(data.get("source", old.source).replace("\r\n", "\n"))
    elif old.kind == blocks.SAVED:
        return Edited(blocks.format_(document), at)
    else:
        changed = blocks.block(old.kind, _values(KINDS[old.kind].fields, data, "f", old.values))
        if changed.values == old.values:
            return Edited(blocks.format_(document), at)  # as it was written, room around it and all
    return Edited(blocks.format_(blocks.change(document, at, changed)), at)


def _entries(change: Callable[[list[Any], int], list[Any]]) -> Callable[[Document, int, QueryDict], Edited]:
    """Change the list of a block: one entry more or less."""

    def changed(document: Document, at: int, data: QueryDict) -> Edited:
        old = document.blocks[at]
        if old.values is None or old.kind not in KINDS:
            return Edited(blocks.format_(document), at)
        values = dict(_values(KINDS[old.kind].fields, data, "f", old.values))
        for one in KINDS[old.kind].fields:
            if one.form == Form.LIST:
                values[one.name] = change(list(values[one.name]), _number(data.get("entry", ""), 99))
        return Edited(blocks.format_(blocks.change(document, at, blocks.block(old.kind, values))), at)

    return changed


_OPS: Mapping[str, Callable[[Document, int, QueryDict], Edited]] = {
    "choose": lambda document, at, data: Edited(blocks.format_(document), at),
    "up": lambda document, at, data: _moved(document, at, at - 1),
    "down": lambda document, at, data: _moved(document, at, at + 1),
    "move": lambda document, at, data: _moved(
        document, at, _number(data.get("to", ""), len(document.blocks))
    ),
    "copy": _copied,
    "remove": _removed,
    "fields": _filled,
    "more": _entries(lambda entries, n: [*entries, entries[-1] if entries else {"name": "…"}]),
    "less": _entries(lambda entries, n: [one for at, one in enumerate(entries) if at != n]),
}


def _values(fields: Sequence[Field], data: QueryDict, prefix: str, old: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for one in fields:
        name = f"{prefix}-{one.name}"
        if one.form == Form.LIST:
            values[one.name] = [
                _values(one.fields, data, f"{name}-{n}", entry) for n, entry in enumerate(old[one.name])
            ]
        elif one.form == Form.FLAG:
            values[one.name] = data.get(name, "")
        else:
            values[one.name] = data.get(name, old[one.name])
    return values


def _fields(fields: Sequence[Field], values: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
    shown = []
    for one in fields:
        name = f"{prefix}-{one.name}"
        entry: dict[str, Any] = {"id": name, "label": words.FIELDS[one.name], "form": one.form.value}
        if one.form == Form.LIST:
            entry["entries"] = [
                _fields(one.fields, each, f"{name}-{n}") for n, each in enumerate(values[one.name])
            ]
            entry["full"] = len(values[one.name]) >= block_fields.MAX_ENTRIES
        else:
            entry["value"] = values[one.name]
            entry["choices"] = [(choice, words.CHOICES.get(choice, choice)) for choice in one.choices]
        shown.append(entry)
    return shown


def _note(block: blocks.Block) -> str:
    """The first words of a block, to tell two of a kind apart."""
    if block.values is None:
        return "" if block.kind == blocks.MJML else gettext("by hand")
    for name in ("key", "heading", "label", "text", "name", "code", "alt", "until", "left_heading"):
        said = _TAGS.sub(" ", str(block.values.get(name) or "")).strip()
        if said and name in ("key", "heading", "label", "text", "code", "alt", "until", "left_heading"):
            return said[:40]
    return ""


def _number(text: str, count: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() else NONE
    return number if number < count else NONE
