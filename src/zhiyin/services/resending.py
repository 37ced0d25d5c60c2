"""Resending: messages of which nobody knows whether they arrived, sent again because a person asked for it.

Nothing here runs by itself. The row of the first message stays ``unknown`` for ever; a new ledger row with
the next occurrence stands for the same decision, and the gate is asked again before it goes.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from zhiyin.adapters.records.erasure import NOBODY
from zhiyin.adapters.records.models import Campaign, Decision, Message
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.decision import SEND
from zhiyin.domain.errors import Conflict
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.text import say
from zhiyin.services import campaigns
from zhiyin.services.batches import batches
from zhiyin.services.workspace import Workspace

_BATCH = 500


def waiting(ws: Workspace, key: str) -> int:
    """How many messages of a campaign have an unknown outcome and were not sent again."""
    return _unknown(campaigns.get(ws, key)).count()


def again(ws: Workspace, key: str) -> int:
    """Plan the messages with an unknown outcome once more; some people may get theirs twice.

    Returns how many were planned; asking again at once plans nobody twice. A sent campaign is being sent
    again until they are through. Raises ``Conflict`` for a cancelled one.
    """
    campaign = campaigns.get(ws, key)
    if campaign.status == CampaignStatus.CANCELLED:
        raise Conflict(
            say("{name} was cancelled.", name=campaign.name),
            why=say("Nothing of it is sent any more."),
            fix=say("Run it again as a new campaign."),
        )
    now, planned = ws.now(), 0
    ids = list(_unknown(campaign).order_by("pk").values_list("pk", flat=True))
    for batch in batches(ids, _BATCH):
        with transaction.atomic():
            planned += _again(_unknown(campaign).filter(pk__in=batch), now)
            Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.SENT).update(
                status=CampaignStatus.SENDING, finished_at=None
            )
    return planned


def _unknown(campaign: Campaign) -> QuerySet[Message]:
    rows = Message.objects.filter(campaign=campaign, status=MessageStatus.UNKNOWN, replaced=False)
    return rows.exclude(customer_id__startswith=NOBODY)


def _again(unknown: QuerySet[Message], now: datetime) -> int:
    """New rows for these, and the decisions they stand for; the one by chance is not made anew.

    The decision is no second event in the lake: the customer was counted in the message group once.
    """
    old = list(unknown.select_for_update(of=("self",)).select_related("decision"))
    new = [
        Message(
            token=uuid.uuid4().hex,
            program=row.program,
            step=row.step,
            customer_id=row.customer_id,
            channel=row.channel,
            occurrence=str(int(row.occurrence) + 1),
            campaign_id=row.campaign_id,
            status=MessageStatus.PLANNED,
            address=row.address,
            domain=row.domain,
            planned_at=now,
            due_at=now,
        )
        for row in old
    ]
    Message.objects.bulk_create(new)
    Decision.objects.bulk_create(
        Decision(
            message=after,
            customer_id=after.customer_id,
            choice=SEND,
            assigned=before.decision.assigned,
            probability=before.decision.probability,
            alternatives=before.decision.alternatives,
            facts=before.decision.facts,
            versions=before.decision.versions | {"occurrence": after.occurrence},
            decided_at=now,
        )
        for before, after in zip(old, new, strict=True)
    )
    Message.objects.filter(pk__in=[row.pk for row in old]).update(replaced=True)
    return len(new)
