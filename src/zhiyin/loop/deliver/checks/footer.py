"""Does the foot of the message say who sends it?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zhiyin.domain.problem import WARNING, Problem, ProblemCode
from zhiyin.domain.text import say
from zhiyin.loop.deliver.checks.letter import Letter

_SPACES = re.compile(r"\s+")


def address(letter: Letter) -> Iterator[Problem]:
    """The shop has a postal address, and the message does not show it."""
    if letter.address and _SPACES.sub("", letter.address) not in _SPACES.sub("", letter.page.text):
        yield Problem(
            WARNING,
            ProblemCode.ADDRESS_NOT_SHOWN,
            say("The message does not show the shop's postal address. Add {{ shop.address }} to its foot."),
        )
