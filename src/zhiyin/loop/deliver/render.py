"""wording + variables → subject, HTML and plain text. The same renderer serves preview and sending."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liquid.template import BoundTemplate

from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.template import Rendered
from zhiyin.domain.text import say
from zhiyin.loop.deliver import blocks, context, mjml, plain, sandbox, saved_blocks

_BREAKS = re.compile(r"\s+")
_SUBJECT, _PREHEADER, _BODY = say("The subject"), say("The preheader"), say("The template")
_TEXT = say("The plain text")
_EMBEDDED = re.compile(r"""data:[^\s"'()<>]{20000,}""")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A template made ready once: MJML is HTML, styles are inlined, the plain text part is made."""

    subject: BoundTemplate
    preheader: BoundTemplate
    html: BoundTemplate
    text: BoundTemplate
    skeleton: str = ""  # the HTML before anybody's name stands in it


def prepare(subject: str, body: str, preheader: str = "", text: str = "") -> Prepared:
    """Make a wording ready to render many times. Raises ``BadTemplate`` with the line.

    The plain text is ``text`` if there is one, else made from the HTML.
    """
    _not_embedded(body)
    sandbox.parse(body)  # told with the lines of the source, before MJML moves them
    html = mjml.to_html(blocks.unmarked(body))
    return Prepared(
        subject=sandbox.parse(subject, what=_SUBJECT),
        preheader=sandbox.parse(preheader, what=_PREHEADER),
        html=sandbox.parse(html, html=True),
        text=sandbox.parse(plain.marked(text), what=_TEXT)
        if text.strip()
        else sandbox.parse(plain.to_text(html)),
        skeleton=html,
    )


def render(wording: Prepared, variables: Mapping[str, Any]) -> Rendered:
    """What one person will see. A trait that the customer lacks is empty. Raises ``BadTemplate``."""
    preheader = _line(sandbox.render(wording.preheader, variables, what=_PREHEADER))
    within = {**variables, "preheader": preheader}
    return Rendered(
        subject=_line(sandbox.render(wording.subject, within, what=_SUBJECT)),
        html=sandbox.render(wording.html, within),
        text=plain.tidy(sandbox.render(wording.text, within)),
        preheader=preheader,
    )


def strangers(subject: str, body: str, preheader: str = "", text: str = "") -> list[tuple[str, sandbox.Use]]:
    """The variables that are not known by themselves, each with the part it stands in.

    Those under ``customer`` may still be stated traits; who knows the traits decides.
    """
    _not_embedded(body)
    parts = ((_SUBJECT, subject), (_PREHEADER, preheader), (_BODY, saved_blocks.without(body)), (_TEXT, text))
    return [
        (what, use)
        for what, source in parts
        for use in sandbox.uses(source, what=what)
        if context.known(use.path) is not None
    ]


def check(
    subject: str,
    body: str,
    preheader: str = "",
    text: str = "",
    *,
    traits: frozenset[str] = frozenset(),
    data: bool = False,
    saved: Mapping[str, str] | None = None,
) -> Prepared:
    """Make a wording ready and prove it: every variable exists, in every branch. Raises ``BadTemplate``.

    ``saved`` are the saved blocks by their keys; they were proved when they were saved.
    """
    prepared = prepare(subject, saved_blocks.without(body), preheader, text)  # its own lines first
    for what, use in strangers(subject, body, preheader, text):
        names = context.known(use.path, traits, data=data)
        if names is not None:
            raise sandbox.unknown(use, names, what=what)
    if not subject.strip():
        raise BadTemplate(say("The subject is empty."), fix=say("Write one."))
    if not saved_blocks.used(body):
        return prepared
    return prepare(subject, saved_blocks.expand(body, saved or {}), preheader, text)


def _not_embedded(body: str) -> None:
    found = _EMBEDDED.search(body)
    if found:
        raise BadTemplate(
            say(
                "The template, line {line}: a file of {size} KB stands in the text itself.",
                line=body.count("\n", 0, found.start()) + 1,
                size=len(found[0]) // 1024,
            ),
            why=say("Mail programs hide messages over 102 KB, and many do not show such pictures."),
            fix=say("Put the picture on a web server and give its address."),
        )


def _line(text: str) -> str:
    return _BREAKS.sub(" ", text).strip()
