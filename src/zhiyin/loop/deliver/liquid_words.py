"""What Liquid says of a template that it cannot read → a sentence that can be told in another language."""

from __future__ import annotations

import re

from zhiyin.domain.text import Text, say

_THINGS: dict[str, str] = {
    thing: thing
    for thing in (
        say("end of expression"),
        say("end of file"),
        say("a primitive expression"),
        say("an infix expression"),
        say("an identifier"),
        say("word"),
        say("string"),
    )
}


def why(message: str) -> Text:
    """The sentence of a message; what is not known by its words is told as Liquid put it.

    >>> why("unexpected tag 'foo'"), why("something odd")
    ("Unexpected tag 'foo'.", 'Something odd.')
    """
    if match := re.fullmatch(r"expected tag (\w+), found (.+)", message):
        return say("Expected tag {tag}, found {found}.", tag=match[1], found=_thing(match[2]))
    if match := re.fullmatch(r"expected (.+?), found (.+)", message):
        return say("Expected {wanted}, found {found}.", wanted=_thing(match[1]), found=_thing(match[2]))
    if match := re.fullmatch(r"unexpected tag '(.+)'", message):
        return say("Unexpected tag '{tag}'.", tag=match[1])
    if match := re.fullmatch(r"unexpected (['\"].+)", message):
        return say("Unexpected {found}.", found=match[1])
    if match := re.fullmatch(r"(.+) is undefined", message):
        return say("{name} is undefined.", name=match[1])
    if match := re.fullmatch(r"\w+: can't divide by (.+)", message):
        return say(
            "{filter}: can't divide by {number}.", filter=message.split(":")[0].title(), number=match[1]
        )
    if known := _KNOWN.get(message):
        return known
    return say("{said}", said=f"{message[:1].upper()}{message[1:]}.")


def _thing(words: str) -> str:
    return _THINGS.get(words, words)


_KNOWN = {
    "missing expression": say("Missing expression."),
    "missing or unexpected path segment": say("Missing or unexpected path segment."),
    "unbalanced parentheses": say("Unbalanced parentheses."),
    "loop iteration limit reached": say("Loop iteration limit reached."),
    "output stream limit reached": say("Output stream limit reached."),
    "local namespace limit reached": say("Local namespace limit reached."),
    "block nesting limit reached": say("Block nesting limit reached."),
    "comment tag was never closed": say("Comment tag was never closed."),
}
