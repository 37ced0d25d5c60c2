"""Consent: what a person allowed, for which channel and purpose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MARKETING = "marketing"
TRACKING = "tracking"  # a no refuses every event of the person


@dataclass(frozen=True, slots=True)
class Consent:
    """A yes or no by one person for one channel and purpose, with where and when it was given."""

    customer_id: str
    channel: str
    purpose: str
    granted: bool
    source: str
    at: datetime
