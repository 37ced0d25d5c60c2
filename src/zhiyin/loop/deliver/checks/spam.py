"""Words that spam uses more than letters do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from zhiyin.domain.problem import WARNING, Problem, ProblemCode
from zhiyin.domain.text import say
from zhiyin.loop.deliver.checks.letter import Letter
from zhiyin.loop.deliver.checks.spam_words import CHINESE, ENGLISH

MANY = 3  # different ones in the message; in the subject one is enough


def words(letter: Letter) -> Iterator[Problem]:
    """Phrases of the subject, and several of the message, that filters know from spam."""
    if found := _found(letter.subject):
        yield Problem(
            WARNING,
            ProblemCode.SPAM_WORDS,
            say("The subject sounds like spam: {words}.", words=found),
        )
    if len(found := _found(letter.page.text)) >= MANY:
        yield Problem(
            WARNING,
            ProblemCode.SPAM_WORDS,
            say("The message sounds like spam: {words}.", words=found[:8]),
            min((line for word in found if (line := letter.line_of(word))), default=0),
        )


def _found(text: str) -> list[str]:
    said = " ".join(text.lower().split())
    english = dict.fromkeys(match[0] for match in _pattern().finditer(said))
    return [*english, *(word for word in CHINESE if word in said)]


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, ENGLISH)) + r")(?!\w)")
