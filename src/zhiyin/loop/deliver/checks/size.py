"""Is the message small enough, and is there a text for those who read no HTML?"""

from __future__ import annotations

from collections.abc import Iterator

from zhiyin.domain.problem import WARNING, Problem, ProblemCode
from zhiyin.domain.text import say
from zhiyin.loop.deliver.checks.letter import Letter

GMAIL_CLIP = 102_000  # bytes of HTML after which Gmail hides the rest
SHORT = 20  # characters; a plain text below that says nothing


def too_large(letter: Letter) -> Iterator[Problem]:
    """HTML that Gmail cuts off, the unsubscribe link with it; tracked links count as they are sent."""
    size = len(letter.html.encode()) + letter.longer * len(letter.page.links)
    if size > GMAIL_CLIP:
        yield Problem(
            WARNING, ProblemCode.TOO_LARGE, say("The message is over 102 KB; Gmail will hide its end.")
        )


def no_text(letter: Letter) -> Iterator[Problem]:
    """No plain text to speak of."""
    if len(letter.text.strip()) < SHORT:
        yield Problem(
            WARNING,
            ProblemCode.NO_TEXT,
            say(
                "The plain text is empty or nearly so; some people read nothing else, and filters look at it."
            ),
        )
