"""Pictures: are they said in words, do they have a size, are they sent inside the message?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zhiyin.domain.problem import ERROR, WARNING, Problem, ProblemCode
from zhiyin.domain.text import say
from zhiyin.loop.deliver.checks.letter import Letter

FEW_WORDS = 20  # of a message that is a picture rather than a letter
HEAVY = 200_000  # characters of a picture inside the message that no mail program opens quickly
_TAGS = ("img", "mj-image", "mj-carousel-image")
_WORD = re.compile(r"[\u3400-\u9fff\u3040-\u30ff]|[^\W_]+")


def no_alt(letter: Letter) -> Iterator[Problem]:
    """Pictures that those who do not see them cannot know; an empty text says that a picture only decorates."""
    for tag in letter.tags:
        if tag.name not in _TAGS or "src" not in tag.values or tag.values.get("width") in ("0", "1", "1px"):
            continue
        linked = "href" in tag.values
        if "alt" not in tag.values or (
            linked and tag.fixed("alt") is not None and not tag.values["alt"].strip()
        ):
            yield Problem(
                WARNING,
                ProblemCode.NO_ALT,
                say("A picture has no alternative text; many mail programs show no pictures until asked."),
                tag.line,
            )


def no_width(letter: Letter) -> Iterator[Problem]:
    """Pictures whose size a mail program has to guess; Outlook shows them as large as they are."""
    for picture in letter.page.pictures:
        if not picture.width:
            yield Problem(
                WARNING,
                ProblemCode.NO_WIDTH,
                say(
                    "The picture {src} has no width; Outlook shows it as large as the file is.",
                    src=_short(picture.src),
                ),
                letter.line_of(picture.src),
            )


def embedded(letter: Letter) -> Iterator[Problem]:
    """Pictures inside the message, which Gmail and Outlook do not show and which make it heavy."""
    for picture in letter.page.pictures:
        if picture.src.lower().startswith("data:"):
            heavy = len(picture.src) > HEAVY
            yield Problem(
                ERROR if heavy else WARNING,
                ProblemCode.EMBEDDED_IMAGE,
                say(
                    "A picture of {size} KB stands inside the message (data:); Gmail and Outlook do not show it. "
                    "Put it on a server and give its address.",
                    size=f"{len(picture.src) / 1000:,.0f}",
                ),
                letter.line_of(picture.src),
            )


def only(letter: Letter) -> Iterator[Problem]:
    """A message that is little more than pictures, as spam often is."""
    if letter.page.pictures and len(_WORD.findall(letter.page.text)) < FEW_WORDS:
        yield Problem(
            WARNING,
            ProblemCode.IMAGE_ONLY,
            say("The message is little more than pictures; filters distrust that. Say it in words too."),
        )


def _short(src: str) -> str:
    return src if len(src) <= 60 else f"{src[:57]}…"
