"""HTML → the plain text part, once for a template: Liquid stays in it and is rendered for each customer."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from zhiyin.loop.deliver.links import END, START

_BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figure",
        "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav",
        "ol", "p", "pre", "section", "table", "td", "tr", "ul",
    )
)  # fmt: skip
_SKIPPED = frozenset(("head", "style", "script", "title"))
_VOID = frozenset(
    (
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
        "track", "wbr",
    )
)  # fmt: skip
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
# a web address, or a variable that is one by its name; neither ends with a sign of the sentence around it
_ADDRESS = re.compile(
    r"https?://(?:\{\{[^{}]*\}\}|[^\s<>\"'{}，。；：！？）】》])*(?:\{\{[^{}]*\}\}|[^\s<>\"'{}，。；：！？）】》.,;:!?)\]])"
    r"|\{\{-?\s*[\w.\[\]-]*url\s*-?\}\}"
)
_MARK = re.compile(r"zyPq(\d+)qPyz")


def to_text(html: str) -> str:
    """The text template of an HTML template: blocks on lines of their own, links as ``label: address``.

    An image is its alternative text. A link around nothing but an image is left out where the same address
    stands under words too. Addresses are marked, for ``links.rewrite_text``.

    >>> to_text('<p>Hello</p><a href="https://shop.example">Shop</a>').replace(START, "").replace(END, "")
    'Hello\\nShop: https://shop.example'
    """
    numbers: dict[str, int] = {}  # the same Liquid gets the same mark, so equal addresses stay equal

    def take(match: re.Match[str]) -> str:
        return f"zyPq{numbers.setdefault(match[0], len(numbers))}qPyz"

    reader = _Reader()
    reader.feed(_LIQUID.sub(take, html))
    reader.close()
    text = tidy(reader.text())
    pieces = list(numbers)
    return _MARK.sub(lambda match: pieces[int(match[1])], text)


def marked(text: str) -> str:
    """A text template in one's own words, with its addresses marked for ``links.rewrite_text``.

    >>> marked("Shop: https://shop.example/a.").replace(START, "[").replace(END, "]")
    'Shop: [https://shop.example/a].'
    """
    return _ADDRESS.sub(lambda match: f"{START}{match[0]}{END}", text)


def tidy(text: str) -> str:
    """The text without trailing blanks and without more than one empty line at a time."""
    text = re.sub(r"[ \t\xa0]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._skip: list[str] = []  # open tags from the first one that is not shown
        self._link: tuple[str, int] | None = None
        self._pictures: list[tuple[int, str]] = []  # links that hold an image only: place and address
        self._named: set[str] = set()  # addresses that stand under words

    def text(self) -> str:
        for place, url in self._pictures:
            if url in self._named:
                self._parts[place] = ""
        return "".join(self._parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if self._skip or tag in _SKIPPED or _HIDDEN.search(values.get("style", "")):
            if tag not in _VOID:
                self._skip.append(tag)
            return
        if tag == "br" or tag in _BLOCKS:
            self._parts.append("\n- " if tag == "li" else "\n")
        elif tag == "img" and values.get("alt"):
            self._parts.append(f"[{values['alt']}]")
        elif tag == "a" and values.get("href"):
            self._link = (values["href"].strip(), len(self._parts))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self._skip and tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skip:
            if tag in self._skip:
                while self._skip.pop() != tag:
                    pass
            return
        if tag in ("p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol"):
            self._parts.append("\n")
        elif tag == "a" and self._link:
            self._end_link(*self._link)
            self._link = None

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self._parts.append(re.sub(r"\s+", " ", data))

    def _end_link(self, url: str, start: int) -> None:
        label = "".join(self._parts[start:]).strip()
        del self._parts[start:]
        if url.startswith("#") or (not label and not url):
            self._parts.append(label)
        elif label in ("", url):
            self._parts.append(f"{START}{url}{END}")
        elif label.startswith("[") and label.endswith("]"):
            self._pictures.append((len(self._parts), url))
            self._parts.append(f"{label}: {START}{url}{END}")
        else:
            self._named.add(url)
            self._parts.append(f"{label}: {START}{url}{END}")
