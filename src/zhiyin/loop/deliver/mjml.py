"""MJML → HTML, once for a template: Liquid goes through untouched, mistakes are named with their line."""

from __future__ import annotations

import re

import css_inline
import mrml

from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.text import say

TAGS = frozenset(
    (
        "mjml", "mj-head", "mj-body", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint",
        "mj-font", "mj-html-attributes", "mj-selector", "mj-html-attribute", "mj-preview",
        "mj-style", "mj-title", "mj-accordion", "mj-accordion-element", "mj-accordion-title",
        "mj-accordion-text", "mj-button", "mj-carousel", "mj-carousel-image", "mj-column",
        "mj-divider", "mj-group", "mj-hero", "mj-image", "mj-navbar", "mj-navbar-link", "mj-raw",
        "mj-section", "mj-social", "mj-social-element", "mj-spacer", "mj-table", "mj-text",
        "mj-wrapper",
    )
)  # fmt: skip
# Inside these stands HTML; inside all others only MJML.
_HOLD_HTML = frozenset(
    (
        "mj-text", "mj-button", "mj-raw", "mj-table", "mj-style", "mj-preview", "mj-title",
        "mj-accordion-title", "mj-accordion-text", "mj-navbar-link", "mj-social-element",
        "mj-html-attribute",
    )
)  # fmt: skip
_HOLD_TEXT = frozenset(("mj-preview", "mj-title"))  # no comment: the parser refuses or drops it
LIQUID = re.compile(
    r"\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}"
    r"|\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}"
    r"|\{\{.*?\}\}|\{%.*?%\}",
    re.DOTALL,
)
_MARK = "zyLq{}qLyz"  # survives an XML parser, an HTML parser and attribute quoting
_MARKED = re.compile(r"<!--zyLq(\d+)qLyz-->|zyLq(\d+)qLyz")
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"""|<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*)(?P<rest>(?:[^>"']++|"[^"]*+"|'[^']*+')*+)>""",
    re.DOTALL,
)


def to_html(body: str) -> str:
    """The HTML of a body in MJML, or of a body in HTML with its styles inlined; still with Liquid in it.

    Liquid is taken out while MJML is parsed, so a ``<`` or a quote inside it does no harm. A Liquid tag
    between elements may stand wherever a comment may, also between the rows of a column. Raises
    ``BadTemplate``.
    """
    pieces: list[str] = []

    def take(match: re.Match[str]) -> str:
        pieces.append(match[0])
        return _MARK.format(len(pieces) - 1)

    marked = LIQUID.sub(take, body)
    if "<mjml" in marked.lower():
        _check(marked, pieces)
        html = _convert(_comment_marks(marked, pieces), marked)
    elif "<mj-" in marked.lower():
        raise BadTemplate(
            say("The template has no <mjml>."), fix=say("Put <mjml><mj-body>…</mj-body></mjml> around it.")
        )
    else:
        html = _inline(_comment_marks(marked, pieces))
    return restore(html, pieces)


def restore(text: str, pieces: list[str]) -> str:
    """The text with every mark replaced by its piece of Liquid."""
    return _MARKED.sub(lambda match: pieces[int(match[1] or match[2])], text)


def _comment_marks(marked: str, pieces: list[str]) -> str:
    """Marks of Liquid tags between elements become comments: an HTML parser leaves those where they are,
    even inside a table, while it would move text out of it. Title and preview hold plain text: there they stay."""
    parts, last, plain = [], 0, False
    for match in _TAG.finditer(marked):
        between = marked[last : match.start()]
        parts += [between if plain else _commented(between, pieces), match[0]]
        name, closed = (
            (match["name"] or "").lower(),
            match["close"] or (match["rest"] or "").rstrip().endswith("/"),
        )
        last, plain = match.end(), name in _HOLD_TEXT and not closed
    return "".join([*parts, _commented(marked[last:], pieces)])


def _commented(text: str, pieces: list[str]) -> str:
    def mark(match: re.Match[str]) -> str:
        return f"<!--{match[0]}-->" if pieces[int(match[2])].startswith("{%") else match[0]

    return _MARKED.sub(mark, text)


def _convert(source: str, marked: str) -> str:
    try:
        output = mrml.to_html(
            source, None, mrml.RenderOptions(fonts={})
        )  # no fonts from other people's servers
    except OSError as error:
        raise BadTemplate(
            say("The MJML of the template cannot be read."),
            why=say("{said}", said=f"{str(error).capitalize()}."),
            fix=say("Write & as &amp; and < as &lt; in texts and addresses, and close every tag."),
        ) from error
    return output.content


def _inline(html: str) -> str:
    try:
        return css_inline.inline(
            html, keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False
        )
    except ValueError as error:
        raise BadTemplate(
            say("The styles of the template cannot be read."),
            why=say("{said}", said=str(error)),
            fix=say("Correct the <style>."),
        ) from error


def _check(marked: str, pieces: list[str]) -> None:
    """Names what the MJML parser lets pass or answers without a place: unknown, unclosed and stray tags."""
    open_tags: list[tuple[str, int]] = []
    for match in _TAG.finditer(marked):
        if match["name"] is None:
            continue
        name, line = match["name"].lower(), _line(marked, match.start(), pieces)
        inside = open_tags[-1][0] if open_tags else ""
        if inside in _HOLD_HTML and not (match["close"] and name == inside):
            if name.startswith("mj-"):
                raise BadTemplate(
                    say(
                        "The template, line {line}: <{name}> stands inside <{inside}>.",
                        line=line,
                        name=name,
                        inside=inside,
                    ),
                    why=say(
                        "<{inside}> was opened in line {opened} and holds text only.",
                        inside=inside,
                        opened=open_tags[-1][1],
                    ),
                    fix=say("Close it with </{inside}> first.", inside=inside),
                )
            continue
        if name not in TAGS:
            raise BadTemplate(
                say("The template, line {line}: <{name}> is not a tag of MJML.", line=line, name=name),
                fix=say("Put HTML inside <mj-text> or <mj-raw>.")
                if not name.startswith("mj")
                else say("Tags are {tags}.", tags=sorted(TAGS)),
            )
        if match["close"]:
            if inside != name:
                raise BadTemplate(
                    say("The template, line {line}: </{name}> closes nothing.", line=line, name=name),
                    why=say(
                        "<{inside}> from line {opened} is still open.",
                        inside=inside,
                        opened=open_tags[-1][1],
                    )
                    if inside
                    else "",
                    fix=say("Close every tag in the order in which they were opened."),
                )
            open_tags.pop()
        elif not match["rest"].rstrip().endswith("/"):
            open_tags.append((name, line))
    if open_tags:
        name, line = open_tags[-1]
        raise BadTemplate(
            say("The template, line {line}: <{name}> is never closed.", line=line, name=name),
            fix=say("Add </{name}> where it ends.", name=name),
        )


def _line(marked: str, at: int, pieces: list[str]) -> int:
    before = marked[:at]
    inside = sum(pieces[int(match[2])].count("\n") for match in _MARKED.finditer(before) if match[2])
    return before.count("\n") + inside + 1
