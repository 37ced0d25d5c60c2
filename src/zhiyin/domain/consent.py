"""Consent: what a person allowed, for which channel and purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

MARKETING = "marketing"  # a no refuses all offers; a topic's key as a purpose is about that topic alone
TRACKING = "tracking"  # a no refuses every event of the person


@dataclass(frozen=True, slots=True)
class Consent:
    """A yes or no by one person for one channel and purpose, with where and when it was given.

    ``proof`` is what shows that it was: the text shown and its version, the page, the network, the browser.
    """

    customer_id: str
    channel: str
    purpose: str
    granted: bool
    source: str
    at: datetime
    proof: Mapping[str, str] = field(default_factory=dict, hash=False)
