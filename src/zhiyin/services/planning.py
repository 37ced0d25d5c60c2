"""Planning: everyone in the segment of a started campaign gets a ledger row and a decision."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from zhiyin.adapters.records.message import domain_of
from zhiyin.adapters.records.models import Campaign, Decision, Message
from zhiyin.domain.campaign import Campaign as CampaignNoun
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.decision import REFUSE, SEND
from zhiyin.domain.decision import Decision as DecisionNoun
from zhiyin.domain.intent import Intent
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.reasons import WaitReason
from zhiyin.loop import decide
from zhiyin.loop.plan.campaign import intents
from zhiyin.services import decisions, gate, schedules, segments, slow_start, zones
from zhiyin.services.batches import batches
from zhiyin.services.workspace import Workspace

PLAN_BATCH = 1_000


def plan_step(ws: Workspace) -> int:
    """Give everyone in the segment of every started campaign a ledger row and a decision.

    Scheduled campaigns whose time has come are started first; returns the number of rows written and campaigns
    started. A planning that was interrupted goes on where it stopped. When all have a row, the decisions become
    events in the lake and sending may begin.
    """
    planned = schedules.begin(ws)
    for campaign in Campaign.objects.filter(status=CampaignStatus.SENDING, planned_at=None).order_by("pk"):
        planned += _plan(ws, campaign)
    return planned


def _plan(ws: Workspace, campaign: Campaign) -> int:
    noun = campaign_of(campaign)
    policy = gate.policy(ws, topic=campaign.topic)
    versions = _versions(campaign, policy)
    planned = 0
    members = segments.members(ws, segments.of_campaign(ws, campaign))
    start = slow_start.of(ws, campaign, len(members))
    for batch in batches(intents(noun, members), PLAN_BATCH):
        with transaction.atomic():
            locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
            if locked.status != CampaignStatus.SENDING or locked.planned_at:
                return planned
            planned += _plan_batch(locked, batch, policy, versions, start, ws)
    decisions.publish(ws, campaign)
    Campaign.objects.filter(pk=campaign.pk, planned_at=None).update(planned_at=ws.now())
    return planned


def _plan_batch(
    campaign: Campaign,
    batch: Sequence[Intent],
    policy: decide.Policy,
    versions: Mapping[str, str],
    start: slow_start.Start,
    ws: Workspace,
) -> int:
    now, wall = ws.now(), schedules.wall_time(ws, campaign)
    ids = [intent.customer_id for intent in batch]
    known = set(
        Message.objects.filter(program=campaign.program, customer_id__in=ids).values_list(
            "customer_id", flat=True
        )
    )
    contacts = gate.contacts(ids, topics=(campaign.topic,))
    clocks = zones.of(ids) if wall else {}
    rows, made_for = [], []
    for intent in batch:
        if intent.customer_id in known:
            continue
        contact = contacts[intent.customer_id]
        made = decide.decide(
            intent.customer_id,
            decide.check(contact, policy),
            share=campaign.holdout,
            seed=campaign.seed,
            versions=versions,
        )
        due_at, reason = start.due(intent.customer_id, now), ""
        if wall:
            clock = clocks.get(intent.customer_id, ws.timezone)
            hour = wall.replace(tzinfo=clock).astimezone(UTC)
            due_at, reason = max(due_at, hour), WaitReason.LOCAL_CLOCK if hour > due_at else ""
        rows.append(_ledger_row(campaign, intent, contact.address, made, now, due_at, reason))
        made_for.append(made)
    Message.objects.bulk_create(rows)
    Decision.objects.bulk_create(
        [decisions.row(row, made, now) for row, made in zip(rows, made_for, strict=True)]
    )
    return len(rows)


def _ledger_row(
    campaign: Campaign,
    intent: Intent,
    address: str,
    made: DecisionNoun,
    now: datetime,
    due_at: datetime,
    waits: str,
) -> Message:
    status = {SEND: MessageStatus.PLANNED, REFUSE: MessageStatus.REFUSED}.get(
        made.choice, MessageStatus.HELD_OUT
    )
    done = status is not MessageStatus.PLANNED
    return Message(
        token=uuid.uuid4().hex,
        program=intent.program,
        step=intent.step,
        customer_id=intent.customer_id,
        channel=intent.channel,
        occurrence=intent.occurrence,
        campaign=campaign,
        status=status,
        reason=made.reason if done else waits,
        address="" if done else address,
        domain="" if done else domain_of(address),
        planned_at=now,
        due_at=now if done else due_at,
        finished_at=now if done else None,
        published=done,  # their decision is the event
    )


def campaign_of(row: Campaign) -> CampaignNoun:
    """The campaign of a row."""
    return CampaignNoun(
        key=row.key,
        segment=row.segment.key,
        subject=row.subject,
        body=row.body,
        sender_name=row.sender_name,
        sender_email=row.sender_email,
        preheader=row.preheader,
        reply_to=row.reply_to,
        holdout=row.holdout,
        seed=row.seed,
        window=timedelta(days=row.window_days),
        cost=row.cost,
        placement=row.placement,
        recommender=row.recommender,
        topic=row.topic,
    )


def _versions(campaign: Campaign, policy: decide.Policy) -> dict[str, str]:
    versions = {
        "segment": f"{campaign.segment.key}@{campaign.segment_version}",
        "assignment": "growthbook-hash-2",
        "seed": campaign.seed,
        "consent": policy.consent,
        "recommender": campaign.recommender or campaign.placement,
    }
    return versions | ({"topic": campaign.topic} if campaign.topic else {})
