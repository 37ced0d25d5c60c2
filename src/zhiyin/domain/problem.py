"""Problems: what stands against sending a message, or should be known before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ERROR, WARNING = "error", "warning"


class ProblemCode(StrEnum):
    """What the checks of a message's content find."""

    TOO_LARGE = "too_large"
    NO_ALT = "no_alt"
    NO_WIDTH = "no_width"
    EMBEDDED_IMAGE = "embedded_image"
    IMAGE_ONLY = "image_only"
    EMPTY_LINK = "empty_link"
    BROKEN_LINK = "broken_link"
    PLACEHOLDER_LINK = "placeholder_link"
    SHORTENED_LINK = "shortened_link"
    OTHER_ADDRESS = "other_address"
    LOW_CONTRAST = "low_contrast"
    LONG_SUBJECT = "long_subject"
    SHOUTING = "shouting"
    SPAM_WORDS = "spam_words"
    NO_PREHEADER = "no_preheader"
    NO_TEXT = "no_text"
    ADDRESS_NOT_SHOWN = "address_not_shown"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend before sending (``error``) or to know about (``warning``).

    ``line`` is that of the message's source, 0 where it is not known or there is none.
    """

    level: str
    code: str
    text: str
    line: int = 0
