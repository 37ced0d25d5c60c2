"""The block editor as its page shows it: the list of blocks, the fields of the chosen one, what can be added."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from zhiyin.entrypoints.console import template_words as words
from zhiyin.entrypoints.console.editor import NONE, TYPED, Edited, name_of
from zhiyin.loop.deliver import block_fields, blocks
from zhiyin.loop.deliver.block_fields import Field, Form
from zhiyin.loop.deliver.block_kinds import KINDS
from zhiyin.loop.deliver.blocks import Document

_TAGS = re.compile(r"<[^>]*>|\s+")


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
        "whole": edited.op not in ("", *TYPED),
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
