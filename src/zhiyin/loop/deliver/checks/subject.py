"""Subject and preheader: the two lines by which people decide."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from zhiyin.domain.problem import WARNING, Problem, ProblemCode
from zhiyin.domain.text import say
from zhiyin.loop.deliver.checks.letter import Letter

WIDEST = 78  # columns; a Chinese sign takes two
_SHOUTED = 8  # letters from which capitals are counted


def long(letter: Letter) -> Iterator[Problem]:
    """A subject whose end is not seen."""
    if sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in letter.subject) > WIDEST:
        yield Problem(
            WARNING, ProblemCode.LONG_SUBJECT, say("The subject is longer than most mail programs show.")
        )


def shouting(letter: Letter) -> Iterator[Problem]:
    """A subject in capitals or with several exclamation marks, and a message full of them."""
    letters = [sign for sign in letter.subject if sign.isascii() and sign.isalpha()]
    if len(letters) >= _SHOUTED and sum(map(str.isupper, letters)) > 0.7 * len(letters):
        yield Problem(WARNING, ProblemCode.SHOUTING, say("The subject is written in capitals."))
    if _marks(letter.subject) > 1 or _marks(letter.page.text) > 4:
        yield Problem(
            WARNING,
            ProblemCode.SHOUTING,
            say("There are many exclamation marks; filters count them, and readers do too."),
        )


def no_preheader(letter: Letter) -> Iterator[Problem]:
    """Nothing for the line that mail programs show beside the subject, so that they take what comes first."""
    if not letter.preheader.strip() and not any(tag.name == "mj-preview" for tag in letter.tags):
        yield Problem(
            WARNING,
            ProblemCode.NO_PREHEADER,
            say("There is no preview line; mail programs show what comes first in the message instead."),
        )


def _marks(text: str) -> int:
    return text.count("!") + text.count("！")
