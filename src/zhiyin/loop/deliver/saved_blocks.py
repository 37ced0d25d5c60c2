"""Saved blocks: ``{% render 'footer' %}`` in a body → the MJML that is saved under that key."""

from __future__ import annotations

import re
from collections.abc import Mapping

from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.text import say
from zhiyin.loop.deliver.sandbox import MAX_SOURCE

_RENDER = re.compile(r"\{%-?[ \t]*render[ \t]+(?P<quote>['\"])(?P<key>[\w-]{1,80})(?P=quote)[ \t]*-?%\}")


def used(*bodies: str) -> set[str]:
    """The keys of the saved blocks that these bodies use.

    >>> used("<mj-body>{% render 'footer' %}</mj-body>")
    {'footer'}
    """
    return {found["key"] for body in bodies for found in _RENDER.finditer(body)}


def without(body: str) -> str:
    """The body without its saved blocks, every line where it was."""
    return _RENDER.sub("", body)


def expand(body: str, saved: Mapping[str, str]) -> str:
    """The body with every saved block in its place. Raises ``BadTemplate`` with the line.

    A saved block uses no other one, so this ends; all together are no longer than a template may be.
    """
    room = MAX_SOURCE - len(body)

    def put(found: re.Match[str]) -> str:
        nonlocal room
        line = body.count("\n", 0, found.start()) + 1
        if found["key"] not in saved:
            raise BadTemplate(
                say(
                    "The template, line {line}: there is no saved block {key!r}.", line=line, key=found["key"]
                ),
                why=say("There are: {known}.", known=sorted(saved)[:30]) if saved else "",
                fix=say("Save it under this key, or take the line out."),
            )
        source = saved[found["key"]]
        alone(source)
        room -= len(source)
        if room < 0:
            raise BadTemplate(
                say(
                    "The template is longer than {most:,} characters with its saved blocks.", most=MAX_SOURCE
                ),
                fix=say("Use fewer of them, or make them shorter."),
            )
        return source

    return _RENDER.sub(put, body)


def around(source: str) -> str:
    """A template of this block alone, every line where it was."""
    return f"<mjml><mj-body>{source}</mj-body></mjml>"


def alone(source: str) -> None:
    """Raise ``BadTemplate`` where a saved block uses a saved block, itself included."""
    for found in _RENDER.finditer(source):
        raise BadTemplate(
            say(
                "The saved block, line {line}: it uses the saved block {key!r}.",
                line=source.count("\n", 0, found.start()) + 1,
                key=found["key"],
            ),
            why=say("A saved block stands for itself, so that no block can contain itself."),
            fix=say("Put the MJML of the other block here instead."),
        )
