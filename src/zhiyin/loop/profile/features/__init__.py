"""events → features: one row for everyone who did anything or got a message, with everything that events tell of them.

One file an owner, as the registry ``domain/feature`` names them. All of it is lazy; nothing after ``as_of`` counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw

from zhiyin.domain.feature import FROM_EVENTS
from zhiyin.domain.lifecycle import STAGE_RULES, StageRules
from zhiyin.loop.profile.facts import Facts
from zhiyin.loop.profile.features import browsing, devices, discounts, engagement, rhythm
from zhiyin.loop.profile.features.browsing import visits
from zhiyin.loop.profile.features.spending import SUMS, spending
from zhiyin.loop.profile.lifecycle import lifecycle
from zhiyin.loop.profile.rfm import rfm

__all__ = ["COLUMNS", "TAKEN", "Shop", "features", "summed", "visits"]

# The columns of the events that features take; no other is read.
TAKEN = (
    "event_id", "type", "event", "customer_id", "timestamp", "local_date", "amount", "currency", "session_id", "month",
)  # fmt: skip

# The text columns that the events must bring beside these: what ``Lake.frame`` takes to extract.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "coupon": ("properties", "coupon"),
    "discount": ("properties", "discount"),
    "query": ("properties", "query"),
    "device": ("context", "device", "type"),
    "utm_medium": ("context", "utm", "medium"),
    "referrer_medium": ("context", "referrer", "medium"),
    "token": ("properties", "token"),
    "rule": ("properties", "rule"),
}


@dataclass(frozen=True, slots=True)
class Shop:
    """What features ask of the shop: its clocks, its currency, its usual gap in days (0 to be measured), its rules
    of stages."""

    zone: ZoneInfo
    currency: str
    gap_days: int = 0
    rules: StageRules = STAGE_RULES


def summed(
    events: nw.LazyFrame[Any], visited: nw.LazyFrame[Any], as_of: datetime, shop: Shop
) -> nw.LazyFrame[Any]:
    """What takes the events: to be computed once and kept, since ``features`` looks at it several times.

    ``visited`` are the ``visits`` of the same events and moment, kept as well. Who only got messages has a row too.
    """
    frame = spending(events, as_of)
    for owned in (
        rhythm.hours(events, as_of, shop.zone),
        browsing.browsing(visited),
        browsing.searches(events, as_of),
        discounts.discounts(events, as_of, shop.currency),
        devices.devices(visited),
        devices.channels(visited),
    ):
        frame = frame.join(owned, on="customer_id", how="left")
    # many get messages who never did anything else
    both = frame.join(
        engagement.engagement(events, as_of), on="customer_id", how="full", suffix="_engaged"
    ).with_columns(customer_id=nw.coalesce("customer_id", "customer_id_engaged"))
    return both.with_columns(nw.col(name).fill_null(0) for name in SUMS).drop("customer_id_engaged")


def features(kept: nw.LazyFrame[Any], shop: Shop, facts: Facts) -> nw.LazyFrame[Any]:
    """All features of the registry that events tell, with ``customer_id``, from ``summed``.

    Each row follows from its own sums and from the facts of all, so that some rows are what they are among all.
    """
    frame = lifecycle(rfm(kept, facts.cuts), facts.gap_days, shop.rules)
    frame = rhythm.due(rhythm.regularity(frame), facts.gap_days)
    return frame.with_columns(
        nw.col(one.name).fill_null(one.empty) for one in FROM_EVENTS if one.empty is not None
    ).select("customer_id", *(one.name for one in FROM_EVENTS))
