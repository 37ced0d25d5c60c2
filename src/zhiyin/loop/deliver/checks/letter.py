"""A message as the checks see it: its source with line numbers, and what one customer's mail program shows."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html.parser import HTMLParser

from zhiyin.loop.deliver.checks.page import Page, dark_of, page_of
from zhiyin.loop.deliver.mjml import LIQUID

_MASK = "\ue000"  # stands for Liquid in the source; nobody types it
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of the source; a value with Liquid in it holds ``_MASK``."""

    name: str
    values: Mapping[str, str]
    line: int

    def fixed(self, name: str) -> str | None:
        """A value that is the same for everybody; None where there is none or Liquid makes it."""
        value = self.values.get(name)
        return None if value is None or _MASK in value else value


@dataclass(frozen=True)
class Letter:
    """Subject, preheader, HTML and text as one customer gets them, and the source they were made from.

    ``address`` is the shop's postal address, ``longer`` how many bytes a tracked link adds, ``numbered`` says whether
    lines of the source are told.
    """

    subject: str
    preheader: str
    html: str
    text: str
    source: str
    address: str = ""
    longer: int = 0
    tags: tuple[Tag, ...] = field(default=())
    numbered: bool = True

    @cached_property
    def page(self) -> Page:
        """What is shown on a light background."""
        return page_of(self.html)

    @cached_property
    def dark(self) -> Page | None:
        """What a dark theme shows; None where the message has no styles of its own for that."""
        styled = dark_of(self.html)
        return page_of(styled) if styled else None

    def without_lines(self) -> Letter:
        """The same, where the source is not what a person wrote."""
        return replace(self, numbered=False, tags=tuple(replace(tag, line=0) for tag in self.tags))

    def line_of(self, text: str) -> int:
        """The line of the source in which a text begins; 0 where Liquid or MJML made it."""
        wanted = _SPACES.sub(" ", text).strip()[:24]
        if not wanted or not self.numbered:
            return 0
        for number, line in enumerate(self.source.splitlines(), 1):
            if wanted in _SPACES.sub(" ", entities.unescape(line)):
                return number
        return 0


def read(
    subject: str,
    preheader: str,
    html: str,
    text: str,
    source: str = "",
    *,
    address: str = "",
    longer: int = 0,
) -> Letter:
    """The message for the checks; without a source the HTML is its own."""
    source = source or html
    reader = _Tags()
    reader.feed(LIQUID.sub(lambda found: re.sub(r"[^\n]", _MASK, found[0]), source))
    reader.close()
    return Letter(subject, preheader, html, text, source, address, longer, tuple(reader.tags))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[Tag] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(tag, {name: value or "" for name, value in attrs}, self.getpos()[0]))
