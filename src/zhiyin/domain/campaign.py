"""Campaigns: a one-off program, a message to a segment with a holdout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class CampaignStatus(StrEnum):
    """Where a campaign stands: ``draft (→ scheduled) → sending ⇄ paused → sent``, or ``cancelled``."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


NOT_BEGUN = (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED)  # nobody is planned yet


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a campaign is while it is planned and sent; the wording is frozen at the start of sending.

    ``holdout`` is a share from 0 to 0.5. ``seed`` salts the assignment, so that the same person does not
    always land in the holdout. ``cost`` is minor units per message handed over.
    Recommended items follow the rules of ``placement``; ``recommender`` names another model than its own.
    ``topic`` is the key of what it is about, if it is about one.
    """

    key: str
    segment: str
    subject: str
    body: str
    sender_name: str
    sender_email: str
    preheader: str = ""
    reply_to: str = ""
    holdout: float = 0.1
    seed: str = ""
    window: timedelta = timedelta(days=7)
    cost: int = 0
    placement: str = "email"
    recommender: str = ""
    topic: str = ""

    @property
    def program(self) -> str:
        """The name under which the send ledger knows it."""
        return f"campaign:{self.key}"
