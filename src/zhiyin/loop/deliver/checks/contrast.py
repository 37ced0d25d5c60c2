"""Can every text be read on its background, in a light theme and in a dark one?"""

from __future__ import annotations

from collections.abc import Iterator

from zhiyin.domain.problem import WARNING, Problem, ProblemCode
from zhiyin.domain.text import say
from zhiyin.loop.deliver.checks.colours import Colour, contrast
from zhiyin.loop.deliver.checks.letter import Letter
from zhiyin.loop.deliver.checks.page import Page

LEAST, LEAST_LARGE = 4.5, 3.0  # WCAG 2.2, 1.4.3


def low(letter: Letter) -> Iterator[Problem]:
    """Texts that are hard to read, one for each pair of colours."""
    yield from _of(letter, letter.page, dark=False)
    if letter.dark is not None:
        yield from _of(letter, letter.dark, dark=True)


def _of(letter: Letter, page: Page, *, dark: bool) -> Iterator[Problem]:
    seen: set[tuple[Colour, Colour]] = set()
    for run in page.runs:
        if (
            run.background is None
            or (run.colour, run.background) in seen
            or not any(map(str.isalnum, run.text))
        ):
            continue
        ratio = contrast(run.colour, run.background)
        if ratio >= (LEAST_LARGE if run.large else LEAST):
            continue
        seen.add((run.colour, run.background))
        values = {
            "words": run.text[:40],
            "colour": str(run.colour),
            "background": str(run.background),
            "ratio": f"{ratio:.1f}",
            "least": f"{LEAST_LARGE if run.large else LEAST:.1f}",
        }
        yield Problem(
            WARNING,
            ProblemCode.LOW_CONTRAST,
            say(
                "In dark themes “{words}” is hard to read: {colour} on {background} has a contrast of {ratio}, "
                "at least {least} is needed.",
                **values,
            )
            if dark
            else say(
                "“{words}” is hard to read: {colour} on {background} has a contrast of {ratio}, at least {least} "
                "is needed.",
                **values,
            ),
            letter.line_of(run.text),
        )
