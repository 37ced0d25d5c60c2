"""A slow start: of a large campaign a first share goes at once, the rest later, if the first arrived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.text import say
from zhiyin.services import breaker
from zhiyin.services.workspace import Workspace
from zhiyin.stats.buckets import bucket

LARGE = 1_000  # segments from this size on start slowly
FEW = 5  # failures that are too few to stop for


@dataclass(frozen=True, slots=True)
class Start:
    """Who of a campaign goes first, by a hash of their id, and when the others follow; None: all at once."""

    seed: str = ""
    share: float = 1.0
    later: datetime | None = None

    def due(self, customer_id: str, now: datetime) -> datetime:
        """When the message of a customer may go; the same in every run.

        >>> now = datetime(2026, 3, 1)
        >>> Start().due("c1", now) == now
        True
        """
        if self.later is None or bucket(f"first:{self.seed}", customer_id) < self.share:
            return now
        return max(now, self.later)


def of(ws: Workspace, campaign: Campaign, size: int) -> Start:
    """How a campaign to a segment of that size starts."""
    share = ws.settings.campaign.first_share
    if not share or size < LARGE or campaign.started_at is None:
        return Start()
    wait = timedelta(minutes=ws.settings.campaign.first_minutes)
    return Start(campaign.seed, share, campaign.started_at + wait)


def rest_at(ws: Workspace, campaign: Campaign) -> datetime | None:
    """When the rest of a campaign goes; None where nobody waits for the first."""
    rest = _rest(campaign, ws.now()).order_by("due_at")
    return rest.values_list("due_at", flat=True).first()


def watch(ws: Workspace) -> int:
    """Pause campaigns of whose first share too many failed, while the rest still waits; returns how many."""
    if not ws.settings.campaign.first_share:
        return 0
    stopped, now = 0, ws.now()
    for campaign in Campaign.objects.filter(status=CampaignStatus.SENDING, planned_at__isnull=False):
        if not _rest(campaign, now).exists():
            continue
        found = Message.objects.filter(campaign=campaign).aggregate(
            failed=Count("pk", filter=Q(status=MessageStatus.FAILED)),
            arrived=Count("pk", filter=Q(status=MessageStatus.ACCEPTED)),
        )
        settled = found["failed"] + found["arrived"]
        if found["failed"] < FEW or found["failed"] <= ws.settings.campaign.first_failures * settled:
            continue
        breaker.pause(
            campaign.pk,
            say(
                "Of the first {settled} messages {failed} failed, so the rest was not sent. "
                "Look at the addresses, then resume, or cancel.",
                settled=settled,
                failed=found["failed"],
            ),
        )
        stopped += 1
    return stopped


def release(campaign: Campaign, now: datetime) -> int:
    """Let the rest go now: somebody looked at why it stopped, and resumed."""
    return _rest(campaign, now).update(due_at=now)


def _rest(campaign: Campaign, now: datetime) -> QuerySet[Message]:
    # a message that was tried already waits for its next try, and one held by the pace for that
    return Message.objects.filter(
        campaign=campaign, status=MessageStatus.PLANNED, attempts=0, reason="", due_at__gt=now, replaced=False
    )
