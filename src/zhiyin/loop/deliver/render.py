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
from zhiyin.loop.deliver import context, mjml, plain, sandbox

_BREAKS = re.compile(r"\s+")
_SUBJECT, _PREHEADER, _BODY = say("The subject"), say("The preheader"), say("The template")


@dataclass(frozen=True, slots=True)
class Wording:
    """A template made ready once: MJML is HTML, styles are inlined, the plain text part is made."""

    subject: BoundTemplate
    preheader: BoundTemplate
    html: BoundTemplate
    text: BoundTemplate


def prepare(subject: str, body: str, preheader: str = "") -> Wording:
    """Make a wording ready to render many times. Raises ``BadTemplate`` with the line."""
    sandbox.parse(body)  # told with the lines of the source, before MJML moves them
    html = mjml.to_html(body)
    return Wording(
        subject=sandbox.parse(subject, what=_SUBJECT),
        preheader=sandbox.parse(preheader, what=_PREHEADER),
        html=sandbox.parse(html, html=True),
        text=sandbox.parse(plain.to_text(html)),
    )


def render(wording: Wording, variables: Mapping[str, Any]) -> Rendered:
    """What one person will see. A trait that the customer lacks is empty. Raises ``BadTemplate``."""
    preheader = _line(sandbox.render(wording.preheader, variables, what=_PREHEADER))
    within = {**variables, "preheader": preheader}
    return Rendered(
        subject=_line(sandbox.render(wording.subject, within, what=_SUBJECT)),
        html=sandbox.render(wording.html, within),
        text=plain.tidy(sandbox.render(wording.text, within)),
        preheader=preheader,
    )


def strangers(subject: str, body: str, preheader: str = "") -> list[tuple[str, sandbox.Use]]:
    """The variables that are not known by themselves, each with the part it stands in.

    Those under ``customer`` may still be stated traits; who knows the traits decides.
    """
    parts = ((_SUBJECT, subject), (_PREHEADER, preheader), (_BODY, body))
    return [
        (what, use)
        for what, source in parts
        for use in sandbox.uses(source, what=what)
        if context.known(use.path) is not None
    ]


def check(
    subject: str, body: str, preheader: str = "", *, traits: frozenset[str] = frozenset(), data: bool = False
) -> Wording:
    """Make a wording ready and prove it: every variable exists, in every branch. Raises ``BadTemplate``."""
    wording = prepare(subject, body, preheader)
    for what, use in strangers(subject, body, preheader):
        names = context.known(use.path, traits, data=data)
        if names is not None:
            raise sandbox.unknown(use, names, what=what)
    if not subject.strip():
        raise BadTemplate(say("The subject is empty."), fix=say("Write one."))
    return wording


def _line(text: str) -> str:
    return _BREAKS.sub(" ", text).strip()
