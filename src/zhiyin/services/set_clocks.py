"""Clocks that were set: what was planned by a clock that ran ahead does not wait until the right one is there."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Q

from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.message import MessageStatus
from zhiyin.services.workspace import Workspace

LONGEST = timedelta(days=2)  # nothing waits longer: not for a try, the pace, or the hour where somebody lives


def put_right(ws: Workspace) -> int:
    """Let go at once what waits only because a clock was ahead of this one; returns how many messages.

    A moment of somebody's own clock that was asked for stays what it is, and so does a pause of less than two days.
    """
    now = ws.now()
    sending = Campaign.objects.filter(status=CampaignStatus.SENDING)
    waiting = Message.objects.filter(status=MessageStatus.PLANNED, due_at__gt=now)
    longest = LONGEST + timedelta(minutes=ws.settings.campaign.first_minutes)
    far = waiting.filter(Q(campaign__in=sending) | Q(campaign=None), due_at__gt=now + longest)
    moved = far.update(due_at=now, reason="") if far.exists() else 0
    ahead = list(sending.filter(Q(planned_at__gt=now) | Q(started_at__gt=now)).values_list("pk", flat=True))
    if ahead:
        moved += waiting.filter(campaign__in=ahead, due_at=F("planned_at")).update(due_at=now)
        sending.filter(pk__in=ahead, planned_at__gt=now).update(planned_at=now)
        sending.filter(pk__in=ahead, started_at__gt=now).update(started_at=now)
    return moved
