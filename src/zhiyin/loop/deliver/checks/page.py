"""HTML → what is seen: texts with their colours, links and pictures, as inline styles say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import css_inline

from zhiyin.loop.deliver.checks.colours import BLACK, WHITE, Colour, over, parse

_VOID = frozenset(("area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"))
_UNSEEN = frozenset(("head", "style", "script", "title"))
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>", re.IGNORECASE | re.DOTALL)
_DARK = re.compile(r"@media[^{]*prefers-color-scheme\s*:\s*dark[^{]*\{", re.IGNORECASE)
_TINY = 2.0  # pixels below which nothing is read; MJML sets 0 around its blocks
_PIXELS = re.compile(r"([\d.]+)\s*(px|pt|em|rem|%)?")
_LINK = parse("#0000ee")  # of mail programs, where the message says no other
_LONG = {"background": ("background-color", "background-image")}  # what a shorthand says at once
_SIZES = {"px": 1.0, "pt": 4 / 3, "rem": 16.0, "": 1.0}


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text; ``background`` is None where a picture lies behind it."""

    text: str
    colour: Colour
    background: Colour | None
    size: float  # CSS pixels
    bold: bool

    @property
    def large(self) -> bool:
        """Whether it counts as large text (WCAG 2.2, 1.4.3): 24 px, or 18.66 px in bold."""
        return self.size >= 24 or (self.bold and self.size >= 18.66)


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads, the words that are shown for it, and whether it shows a picture."""

    href: str
    words: str
    picture: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its attributes; ``width`` as the tag or its style says."""

    src: str
    alt: str | None
    width: str
    linked: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What is seen of a message."""

    runs: tuple[Run, ...]
    links: tuple[Link, ...]
    pictures: tuple[Picture, ...]
    anchors: frozenset[str]

    @property
    def text(self) -> str:
        """All visible words."""
        return " ".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class _Look:
    colour: Colour = BLACK
    background: Colour | None = WHITE
    size: float = 16.0
    bold: bool = False
    seen: bool = True


def page_of(html: str) -> Page:
    """What a mail program shows of the HTML, going by inline styles."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(tuple(reader.runs), tuple(reader.links), tuple(reader.pictures), frozenset(reader.anchors))


def dark_of(html: str) -> str:
    """The HTML with its styles for dark themes put in place; empty where it has none."""
    rules = "".join(_dark_rules(style) for style in _STYLE.findall(html))
    if not rules:
        return ""
    bare = _STYLE.sub("", html)
    head = f"<style>{rules}</style>"
    at = bare.lower().find("</head>")
    styled = bare[:at] + head + bare[at:] if at >= 0 else head + bare
    try:
        return css_inline.inline(styled, load_remote_stylesheets=False)
    except ValueError:
        return ""  # styles that cannot be read are named where the template is prepared


def _dark_rules(style: str) -> str:
    found = []
    for match in _DARK.finditer(style):
        depth, at = 1, match.end()
        while depth and at < len(style):
            depth += {"{": 1, "}": -1}.get(style[at], 0)
            at += 1
        found.append(style[match.end() : at - 1])
    return "".join(found)


def _declared(style: str) -> dict[str, str]:
    """The declarations of a style attribute; what is important wins, else the last."""
    found: dict[str, str] = {}
    important: set[str] = set()
    for part in re.split(r";(?![^(]*\))", style):
        name, _, value = part.partition(":")
        name, value = name.strip().lower(), value.strip().lower()
        strong = value.endswith("!important")
        for one in _LONG.get(name, (name,)):
            if one and (strong or one not in important):
                found[one] = value.removesuffix("!important").strip()
                important |= {one} if strong else set()
    return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.runs: list[Run] = []
        self.links: list[Link] = []
        self.pictures: list[Picture] = []
        self.anchors: set[str] = set()
        self._open: list[tuple[str, _Look]] = [("", _Look())]
        self._link: list[tuple[str, list[str], list[bool]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        look = _looks(tag, values, self._open[-1][1])
        self.anchors |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "img" and look.seen:
            self._picture(values)
        if tag == "a" and "href" in values and look.seen:
            self._link.append((values["href"].strip(), [], []))
        if tag not in _VOID:
            self._open.append((tag, look))

    def handle_endtag(self, tag: str) -> None:
        places = [at for at, (name, _) in enumerate(self._open) if name == tag]
        if not places:
            return
        del self._open[places[-1] :]
        if tag == "a" and self._link:
            href, words, pictures = self._link.pop()
            self.links.append(Link(href, " ".join(words).strip(), bool(pictures)))

    def handle_data(self, data: str) -> None:
        look, text = self._open[-1][1], data.strip()
        if not text or not look.seen or look.size < _TINY:
            return
        if self._link:
            self._link[-1][1].append(text)
        self.runs.append(Run(text, look.colour, look.background, look.size, look.bold))

    def _picture(self, values: dict[str, str]) -> None:
        style = _declared(values.get("style", ""))
        width = values.get("width", "") or style.get("width", "") or style.get("max-width", "")
        alt = values.get("alt")
        self.pictures.append(Picture(values.get("src", "").strip(), alt, width, bool(self._link)))
        for _href, _words, pictures in self._link:
            pictures.append(True)


def _looks(tag: str, values: dict[str, str], around: _Look) -> _Look:
    style = _declared(values.get("style", ""))
    look = replace(around, colour=_LINK) if tag == "a" and "href" in values and _LINK else around
    if colour := parse(style.get("color", "") or (values.get("color", "") if tag == "font" else "")):
        look = replace(look, colour=colour if around.background is None else over(colour, around.background))
    said = style.get("background-image", "")
    if "url(" in said or "gradient(" in said or values.get("background"):
        look = replace(look, background=None)
    else:
        words = style.get("background-color", "") or values.get("bgcolor", "")
        painted = next((found for word in _words(words) if (found := parse(word))), None)
        if painted:
            look = replace(look, background=over(painted, look.background or WHITE))
    if size := _PIXELS.match(style.get("font-size", "")):
        unit = size[2] or ""
        factor = look.size if unit == "em" else look.size / 100 if unit == "%" else _SIZES[unit]
        look = replace(look, size=float(size[1].rstrip(".") or 0) * factor)
    weight = style.get("font-weight", "")
    if weight:
        look = replace(look, bold=weight in ("bold", "bolder") or (weight.isdigit() and int(weight) >= 600))
    elif tag in ("b", "strong", "th", "h1", "h2", "h3"):
        look = replace(look, bold=True)
    hidden = style.get("display") == "none" or style.get("visibility") == "hidden"
    return replace(look, seen=look.seen and tag not in _UNSEEN and not hidden)


def _words(value: str) -> list[str]:
    return re.findall(r"[a-z]+\([^)]*\)|[^\s]+", value)
