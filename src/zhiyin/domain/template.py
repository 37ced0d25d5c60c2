"""Templates: the wording of a message, reusable, in one or several languages."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wording:
    """What a message says in one language: MJML with Liquid inside, subject and preheader in Liquid.

    ``text`` is the plain text in one's own words, made from the body where it is empty; ``text_for`` remembers
    the body that it was written for.
    """

    subject: str
    body: str
    preheader: str = ""
    text: str = ""
    text_for: str = ""

    @property
    def stale(self) -> bool:
        """Whether the body was changed since the plain text was written.

        >>> Wording("Hi", "new", text="Old words", text_for=mark("old")).stale
        True
        """
        return bool(self.text) and self.text_for != mark(self.body)


@dataclass(frozen=True, slots=True)
class Wordings:
    """The wordings of a message: the main one, and those of further languages."""

    main: Wording
    language: str = ""  # of the main one, as far as it is known
    others: Mapping[str, Wording] = field(default_factory=dict)

    def of(self, language: str) -> Wording:
        """The wording of one of our languages; empty for the main one."""
        return self.others.get(language, self.main)


@dataclass(frozen=True, slots=True)
class Template:
    """Wordings under a key, in a version that grows with every change."""

    key: str
    name: str
    wordings: Wordings
    version: int = 1


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one person will see: subject, HTML, and the plain text made from it."""

    subject: str
    html: str
    text: str
    preheader: str = ""


def mark(body: str) -> str:
    """A short mark of a body, other for another body."""
    return hashlib.sha256(body.encode()).hexdigest()[:16]
