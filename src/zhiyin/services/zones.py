"""Zones: where customers' clocks stand, as far as they said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zhiyin.adapters.records.models import Customer

TRAIT = "timezone"  # stated, such as Asia/Shanghai


def of(customer_ids: Collection[str]) -> Mapping[str, ZoneInfo]:
    """The zones of those customers who have one that exists."""
    stated = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "traits")
    named = ((who, zone(str(traits.get(TRAIT) or ""))) for who, traits in stated)
    return {who: found for who, found in named if found is not None}


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo | None:
    """The zone of a name; None where there is none of that name."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # what a customer's app told may be anything
        return None
