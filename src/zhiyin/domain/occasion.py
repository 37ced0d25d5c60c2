"""Occasions: days of the year on which many people celebrate, give or shop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zhiyin.domain.text import Text


class Culture(StrEnum):
    """Whose calendar marks a day."""

    CHINESE = "chinese"
    WESTERN = "western"


BY_LANGUAGE = "language"  # the set that the shop's language suggests
SETS = {
    "chinese": frozenset({Culture.CHINESE}),
    "western": frozenset({Culture.WESTERN}),
    "both": frozenset(Culture),
    "none": frozenset[Culture](),
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """One such day, by name; ``cultures`` are those whose calendars mark it."""

    key: str
    name: Text
    cultures: frozenset[Culture]


def usual_set(language: str) -> str:
    """The set of a shop that chose none: that of its language.

    >>> usual_set("zh-hans"), usual_set("en")
    ('chinese', 'western')
    """
    return "chinese" if language.startswith("zh") else "western"
