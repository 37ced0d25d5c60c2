"""Fields of blocks: what a person fills in, and in which form it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.text import say

MAX_ENTRIES = 12  # in the list of one block
MAX_VALUE = 10_000  # characters of one field
Values = Mapping[str, Any]  # texts; for a list, one mapping of texts for each entry


class Form(StrEnum):
    """How a field is typed, and what may stand in it."""

    LINE = "line"  # one line of plain text, with Liquid
    TEXT = "text"  # several lines, with Liquid and simple HTML
    LINK = "link"  # an address, with Liquid
    COLOUR = "colour"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    FLAG = "flag"
    LIST = "list"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One thing that a person fills in. ``begin`` is its first value, the same for all or one for each language."""

    name: str
    form: Form
    begin: str | Mapping[str, str] = ""
    choices: Mapping[str, str] = field(default_factory=dict)  # value → as it is written in the layout
    fields: tuple[Field, ...] = ()  # of one entry of a list

    def beginning(self, language: str) -> str:
        """The first value, in English or Chinese."""
        return self.begin if isinstance(self.begin, str) else self.begin[language]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of block: its fields, and its layout with their places."""

    name: str
    fields: tuple[Field, ...]
    layout: str


def begin(fields: Sequence[Field], language: str) -> dict[str, Any]:
    """The first values of a new block, in English or Chinese; a list begins with two entries."""
    return {
        one.name: [begin(one.fields, language) for _ in range(2)]
        if one.form == Form.LIST
        else one.beginning(language)
        for one in fields
    }


def clean(fields: Sequence[Field], values: Values) -> dict[str, Any]:
    """The values as they are kept: every field is there, and what does not fit its form is its first value.

    Raises ``BadTemplate`` for a text that is too long.
    """
    return {
        one.name: [clean(one.fields, entry) for entry in list(values.get(one.name) or ())[:MAX_ENTRIES]]
        if one.form == Form.LIST
        else _cleaned(one, str(values.get(one.name, "")))
        for one in fields
    }


FITS = {
    Form.COLOUR: re.compile(r"#[0-9a-fA-F]{6}"),
    Form.NUMBER: re.compile(r"[1-9]\d{0,2}"),
    Form.DATE: re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"),
}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BREAK = re.compile(r"\s*\n\s*")


def _cleaned(one: Field, value: str) -> str:
    if len(value) > MAX_VALUE:
        raise BadTemplate(
            say("A field of a block holds more than {most:,} characters.", most=MAX_VALUE),
            fix=say("Make it shorter, or share it among several blocks."),
        )
    value = _CONTROL.sub("", value.replace("\r\n", "\n")).strip()
    first = one.begin if isinstance(one.begin, str) else ""
    if one.form == Form.FLAG:
        return "yes" if value else ""
    if one.form == Form.CHOICE:
        return value if value in one.choices else first
    if one.form in FITS:
        return value if FITS[one.form].fullmatch(value) else first
    return value if one.form == Form.TEXT else _BREAK.sub(" ", value)
