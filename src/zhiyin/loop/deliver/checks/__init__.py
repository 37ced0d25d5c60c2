"""a rendered message → what stands against sending it, one small file for each kind of check."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from zhiyin.domain.problem import Problem
from zhiyin.loop.deliver.checks import contrast, footer, images, link_targets, size, spam, subject
from zhiyin.loop.deliver.checks.letter import Letter, read

Check = Callable[[Letter], Iterable[Problem]]

CHECKS: tuple[Check, ...] = (
    link_targets.broken,
    link_targets.shortened,
    link_targets.other_address,
    images.no_alt,
    images.no_width,
    images.embedded,
    images.only,
    size.too_large,
    size.no_text,
    subject.long,
    subject.shouting,
    subject.no_preheader,
    spam.words,
    contrast.low,
    footer.address,
)


SAME = (images.no_alt, contrast.low)  # what is the same in everybody's message, and takes longest to see


def check(letter: Letter, *, again: bool = False) -> list[Problem]:
    """All that the checks find, errors first, in the order of the source; the same thing once.

    With ``again`` the same message was looked at for somebody else, and what would be the same is left out.

    >>> letter = read("Hello", "A letter", '<p>Hi</p><a href="#">here</a>', "Hi")
    >>> [problem.code.value for problem in check(letter)]
    ['empty_link', 'no_text']
    """
    found = dict.fromkeys(problem for one in CHECKS if not (again and one in SAME) for problem in one(letter))
    return sorted(found, key=lambda problem: (problem.level != "error", problem.line or 10**9))


__all__ = ["CHECKS", "Check", "Letter", "check", "read"]
