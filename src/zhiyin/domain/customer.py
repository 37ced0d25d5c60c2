"""Customers: one person each, after identity resolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


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
    "first_seen": "time of the first event",
    "last_seen": "time of the last event",
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
