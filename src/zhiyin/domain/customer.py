"""Customers: one person each, after identity resolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from zhiyin.domain.feature import COMPUTED, FEATURES, TraitKind


@dataclass(frozen=True, slots=True)
class Customer:
    """A person: how to reach them, the traits they stated, and the traits computed from their events.

    ``traits`` holds both kinds under one name space; the computed ones are those of ``domain/feature`` and cannot
    be stated. Money is in minor units, times are aware UTC.
    """

    customer_id: str
    email: str = ""
    phone: str = ""
    name: str = ""
    language: str = ""
    created_at: datetime | None = None
    traits: Mapping[str, object] = field(default_factory=dict)


# The traits with a column of their own; every other name is a stated trait, kept as text.
TRAIT_KINDS: Mapping[str, TraitKind] = {feature.name: feature.kind for feature in FEATURES}

# Those of the computed ones that stand in the customer's row, where templates find them.
COMPUTED_TRAITS: tuple[str, ...] = tuple(feature.name for feature in COMPUTED if feature.published)


def as_text(value: object) -> str | None:
    """The one text form of a stated value, the same for storing and for comparing; None where it has none.

    Empty texts, lists and objects have none: such a trait counts as missing.

    >>> as_text(True), as_text(3), as_text(2.5), as_text("")
    ('true', '3', '2.5', None)
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        # no engine keeps a zero byte or half a surrogate pair
        return value.replace("\x00", "").encode("utf-8", "ignore").decode() or None
    return None
