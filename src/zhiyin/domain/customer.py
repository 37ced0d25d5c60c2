"""Customers: one person each, after identity resolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Customer:
    """A person: how to reach them, the traits they stated, and the traits computed from their events.

    ``traits`` holds both kinds under one name space; computed names are listed in ``COMPUTED_TRAITS`` and
    cannot be stated. Money is in minor units, times are aware UTC.
    """

    customer_id: str
    email: str = ""
    phone: str = ""
    name: str = ""
    language: str = ""
    created_at: datetime | None = None
    traits: Mapping[str, object] = field(default_factory=dict)


# name -> what it is. One table for the segment language, the console and the docs.
COMPUTED_TRAITS: Mapping[str, str] = {
    "first_seen": "time of the first thing they did",
    "last_seen": "time of the last thing they did",
    "first_order_at": "time of the first order",
    "last_order_at": "time of the last order",
    "orders": "number of completed orders, less cancelled ones",
    "revenue": "sum of orders less refunds, in minor units",
    "average_order_value": "revenue divided by orders, in minor units",
    "recency_days": "days since the last order",
    "r": "recency quintile, 5 = most recent",
    "f": "frequency quintile, 5 = most orders",
    "m": "monetary quintile, 5 = most revenue",
    "rfm_group": "named group of the RFM quintiles",
    "lifecycle": "stage of the customer's life",
}

LIST = "\x1f"  # stands before, between and after the elements of a list as text

TraitKind = Literal["text", "number", "time", "flag"]

# The traits with a column of their own; every other name is a stated trait, kept as text.
TRAIT_KINDS: Mapping[str, TraitKind] = {
    "customer_id": "text",
    "email": "text",
    "name": "text",
    "language": "text",
    "created_at": "time",
    "email_consent": "flag",
    "first_seen": "time",
    "last_seen": "time",
    "first_order_at": "time",
    "last_order_at": "time",
    "orders": "number",
    "revenue": "number",
    "average_order_value": "number",
    "recency_days": "number",
    "r": "number",
    "f": "number",
    "m": "number",
    "rfm_group": "text",
    "lifecycle": "text",
}


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
