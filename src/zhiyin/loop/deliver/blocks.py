"""MJML ↔ list of blocks: a body is taken apart at its markers and put together again as it was, to the letter.

A marker is a comment that a person can read and keep: ``<!-- block: button -->`` … ``<!-- /block -->``. What
stands between blocks, or in a block that was changed by hand, is a block of MJML; a body without markers is one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.text import say
from zhiyin.loop.deliver import block_fields, block_layout
from zhiyin.loop.deliver.block_fields import Values
from zhiyin.loop.deliver.block_kinds import KINDS

MJML, SAVED = "mjml", "saved"  # written by hand; a saved block, used by its key
MAX_BLOCKS = 100
_BODY = re.compile(r"""<mj-body\b(?:[^<>"']|"[^"]*"|'[^']*')*+>[ \t]*\n?""")
_END = re.compile(r"</mj-body\s*>")
_MARKED = re.compile(
    r"<!-- block: (?P<kind>[a-z]+(?:-[a-z]+)*) -->\n"
    r"(?P<inside>(?:(?!<!-- (?:block:|/block))(?s:.))*+)"
    r"<!-- /block -->[ \t]*(?:\n|\Z)"
    r"|\{%-?[ \t]*render[ \t]+(?P<quote>['\"])(?P<key>[a-z0-9]+(?:[-_][a-z0-9]+)*)(?P=quote)[ \t]*-?%\}[ \t]*(?:\n|\Z)"
)
MARKS = re.compile(r"<!-- (?:block: [a-z]+(?:-[a-z]+)*|/block) -->")


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its kind, its MJML with its markers, and its values; those of a block of MJML are None."""

    kind: str
    source: str
    values: Values | None = None

    @property
    def inside(self) -> str:
        """The MJML between the markers."""
        found = _MARKED.fullmatch(self.source.lstrip())
        return found["inside"].rstrip(" \t") if found and found["inside"] is not None else self.source


@dataclass(frozen=True, slots=True)
class Document:
    """A body taken apart: what stands before its blocks, the blocks, and what stands after them."""

    head: str
    blocks: tuple[Block, ...]
    tail: str

    @property
    def open(self) -> bool:
        """Whether blocks can be added: the body is MJML."""
        return bool(self.head)


def parse(body: str) -> Document:
    """The blocks of a body. ``format_(parse(body)) == body`` for every text."""
    start = _BODY.search(body)
    ends = list(_END.finditer(body, start.end())) if start else []
    if start is None or not ends:
        return Document("", (Block(MJML, body),) if body else (), "")
    blocks: list[Block] = []
    last, end = start.end(), ends[-1].start()
    for found in _MARKED.finditer(body, last, end):
        before, lead = _parted(body[last : found.start()])
        blocks += [*before, _block(found, lead)]
        last = found.end()
    before, rest = _parted(body[last:end])
    return Document(body[: start.end()], (*blocks, *before), rest + body[end:])


def format_(document: Document) -> str:
    """The body of a document."""
    return "".join([document.head, *(block.source for block in document.blocks), document.tail])


def block(kind: str, values: Values) -> Block:
    """A block of a kind with these values. Raises ``BadTemplate`` where they cannot stand in MJML.

    >>> print(block("spacer", {"height": "8"}).source.splitlines()[0])
        <!-- block: spacer -->
    """
    if kind == SAVED:
        return Block(SAVED, f"    {{% render '{values['key']}' %}}\n", {"key": values["key"]})
    inside = block_layout.fill(KINDS[kind], values)
    kept = block_layout.read(KINDS[kind], inside)
    if kept is None:
        raise BadTemplate(
            say("This text cannot stand in a block."),
            why=say("It has Liquid or a tag that is not closed, or a tag of MJML."),
            fix=say("Close every {{{{, every {{% and every tag."),
        )
    return Block(kind, f"    <!-- block: {kind} -->\n{inside}    <!-- /block -->\n", kept)


def new(kind: str, language: str) -> Block:
    """A block of a kind as it begins, in the words of a language."""
    return block(kind, block_fields.begin(KINDS[kind].fields, "zh" if language.startswith("zh") else "en"))


def by_hand(source: str) -> Block:
    """A block of MJML that somebody wrote; one that is written as a kind of block writes it is of that kind."""
    source = source if source.endswith("\n") else f"{source}\n"
    found = _MARKED.fullmatch(source.lstrip())
    return _block(found, source[: -len(found[0])]) if found else Block(MJML, source)


def insert(document: Document, at: int, added: Block) -> Document:
    """With a block more, at this place. Raises ``BadTemplate`` where there are too many."""
    if len(document.blocks) >= MAX_BLOCKS:
        raise BadTemplate(
            say("A message has at most {most} blocks.", most=MAX_BLOCKS), fix=say("Remove one first.")
        )
    return _with(document, [*document.blocks[:at], added, *document.blocks[at:]])


def remove(document: Document, at: int) -> Document:
    """Without the block at this place."""
    return _with(document, [*document.blocks[:at], *document.blocks[at + 1 :]])


def move(document: Document, at: int, to: int) -> Document:
    """With the block of this place at another one."""
    rest = remove(document, at)
    return _with(rest, [*rest.blocks[:to], document.blocks[at], *rest.blocks[to:]])


def change(document: Document, at: int, changed: Block) -> Document:
    """With another block in this place."""
    return _with(document, [*document.blocks[:at], changed, *document.blocks[at + 1 :]])


def duplicate(document: Document, at: int) -> Document:
    """With the block of this place twice."""
    return insert(document, at + 1, document.blocks[at])


def unmarked(body: str) -> str:
    """The body without its markers, line by line as it was: what is sent does not tell how it was made."""
    return MARKS.sub("", body)


def _with(document: Document, blocks: Sequence[Block]) -> Document:
    return replace(document, blocks=tuple(blocks))


def _parted(between: str) -> tuple[list[Block], str]:
    """What stands between two blocks: a block of MJML if it says anything, and the room before the next one."""
    said = between.rstrip(" \t\n")
    if not said:
        return [], between
    at = between.find("\n", len(said)) + 1 or len(between)
    return [Block(MJML, between[:at])], between[at:]


def _block(found: re.Match[str], lead: str) -> Block:
    if found["key"]:
        return Block(SAVED, lead + found[0], {"key": found["key"]})
    kind: Any = KINDS.get(found["kind"])
    values = block_layout.read(kind, found["inside"].rstrip(" \t")) if kind else None
    return Block(found["kind"] if kind else MJML, lead + found[0], values)
