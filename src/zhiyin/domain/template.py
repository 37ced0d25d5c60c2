"""Templates: the wording of a message, reusable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """MJML with Liquid inside, and a subject in Liquid."""

    key: str
    name: str
    subject: str
    body: str
    language: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one person will see: subject, HTML, and the plain text made from it."""

    subject: str
    html: str
    text: str
    preheader: str = ""
