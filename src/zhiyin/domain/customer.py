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


LIST = "\x1f"  # stands before, between and after the elements of a list as text

# The traits with a column of their own; every other name is a stated trait, kept as text.
TRAIT_KINDS: Mapping[str, TraitKind] = {feature.name: feature.kind for feature in FEATURES}

# Those of the computed ones that stand in the customer's row, where templates find them.
COMPUTED_TRAITS: tuple[str, ...] = tuple(feature.name for feature in COMPUTED if feature.published)


def as_text(value: object) -> str | None:
    """The one text form of a stated value, the same for storing and for comparing; None where it has none.

    Empty texts, empty lists and objects have none: such a trait counts as missing. A list is its texts with
    ``LIST`` around each.

    >>> as_text(True), as_text(3), as_text(2.5), as_text(""), as_text(["a", 1])
    ('true', '3', '2.5', None, '\\x1fa\\x1f1\\x1f')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        if len(value) > 2 and value[0] == value[-1] == LIST:
            return value  # a list that is a text already
        # no engine keeps a zero byte or half a surrogate pair
        plain = value.replace("\x00", "").replace(LIST, "")
        return plain.encode("utf-8", "ignore").decode() or None
    if isinstance(value, list | tuple):
        scalars = (as_text(one) for one in value if isinstance(one, str | int | float))
        texts = [text for one in scalars if one and (text := one.replace(LIST, ""))]
        return f"{LIST}{LIST.join(texts)}{LIST}" if texts else None
    return None
