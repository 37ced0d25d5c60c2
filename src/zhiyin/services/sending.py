"""Sending: plan everyone, claim, hand over, and never send anything twice.

The ledger row of a message moves ``planned → claimed → handed_over → accepted | failed | unknown``. It is
marked ``handed_over``, durably, before the first byte of its content leaves; a process that dies after that
leaves ``unknown`` behind, never a second message.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Q

from zhiyin.adapters import clock
from zhiyin.adapters.channels import channel as open_channel
from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.adapters.records.patience import patiently
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.errors import BadSetting, NotFound
from zhiyin.domain.message import PENDING, MessageStatus
from zhiyin.domain.ports import Channel
from zhiyin.domain.reasons import FailReason
from zhiyin.services import (
    breaker,
    channels,
    claims,
    handover,
    planning,
    programs,
    receipts,
    set_clocks,
    slow_start,
)
from zhiyin.services.batches import batches
from zhiyin.services.workspace import Workspace

CLAIM = 500  # messages claimed and written at a time
HAND_OVER = 25  # marked handed over together: as many may be left unknown by a crash
STALE = timedelta(minutes=15)  # real time after which a claim of another machine is given up


def send_step(
    ws: Workspace,
    worker_id: str,
    limit: int = CLAIM,
    on_sent: Callable[[int], None] | None = None,
    channel: Channel | None = None,
) -> int:
    """Claim up to ``limit`` due messages, write them, hand them over, note the answers.

    Returns how many ledger rows moved on; 0 means that nothing is due. ``on_sent(n)`` is called while it
    runs. A server that fails leaves the messages planned,
    and the channel's breaker says when it is tried again.
    """
    slow_start.watch(ws)
    set_clocks.put_right(ws)
    claim = f"{worker_id[:50]}:{uuid.uuid4().hex[:12]}"
    claimed = claims.claim(ws, claim, limit)
    if claimed.rows:
        own = channel or open_channel("email", ws.settings)
        try:
            with ThreadPoolExecutor(max_workers=ws.settings.smtp.connections) as pool:
                _send_claimed(handover.Round(ws, claim, own, pool, on_sent), claimed.rows)
        except BaseException:
            claims.give_up(claim)
            raise
        finally:
            if channel is None:
                own.close()
        channels.ended(channels.EMAIL, claim, ws.now())
    receipts.publish(ws)
    _finish(ws)
    return claimed.refused + claimed.postponed + len(claimed.rows)


def _send_claimed(round_: handover.Round, rows: Sequence[Message]) -> None:
    # in the order of the claim: what a recipient waits for stands first
    names = dict.fromkeys(row.program for row in rows)
    for name in names:
        own = [row for row in rows if row.program == name]
        if round_.shut:
            claims.release(_held(round_, own), round_.ws.now())
            continue
        try:
            program = programs.of(round_.ws, name)
        except (NotFound, BadSetting) as error:
            breaker.hold(name, round_.claim, error.told, round_.ws.now())
            continue
        ready = handover.write(round_, program, own)
        for chunk in batches(ready, HAND_OVER):
            if not handover.hand_over(round_, program, chunk):
                break
        claims.release(_held(round_, own), round_.ws.now())
    handover.flag_published(round_)


def _held(round_: handover.Round, rows: Sequence[Message]) -> Q:
    return Q(pk__in=[row.pk for row in rows], claimed_by=round_.claim, status=MessageStatus.CLAIMED)


def _finish(ws: Workspace) -> None:
    """A campaign is sent when nobody in it is pending any more."""
    pending = Message.objects.filter(status__in=PENDING, campaign__isnull=False).values("campaign")
    Campaign.objects.filter(status=CampaignStatus.SENDING, planned_at__isnull=False).exclude(
        pk__in=pending
    ).update(status=CampaignStatus.SENT, finished_at=ws.now(), error="")


def recover(ws: Workspace, older_than: timedelta = STALE) -> int:
    """Put right what dead workers left: claimed messages are planned again, handed over ones are unknown.

    A worker is dead if it was on this machine and its process is gone, or if its claim is older than
    ``older_than``, or made in a future that the clock was in once. Returns the number of rows put right.
    """
    now = clock.system()
    stale = claims.stale(now - older_than, now + STALE)
    if not stale:
        return 0
    with transaction.atomic():
        lost = Message.objects.filter(status=MessageStatus.HANDED_OVER, claimed_by__in=stale).update(
            status=MessageStatus.UNKNOWN,
            reason=FailReason.INTERRUPTED,
            data=None,
            finished_at=ws.now(),
            published=True,
        )
    back = claims.release(Q(status=MessageStatus.CLAIMED, claimed_by__in=stale), ws.now())
    receipts.publish(ws)
    _finish(ws)
    return lost + back


def run_until_done(
    ws: Workspace,
    key: str,
    on_progress: Callable[[int, int], None] | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> dict[str, int]:
    """Plan and send one started campaign here and now; other workers may help.

    Calls ``on_progress(done, planned)``. Ends when the campaign is sent, paused or cancelled, or when only
    later tries are left, and returns the number of messages in each status. ``wait(seconds)`` is called
    while other workers hold messages.
    """
    worker = f"{socket.gethostname()[:40]}:{os.getpid()}"
    campaign = Campaign.objects.get(key=key)
    rows = Message.objects.filter(campaign=campaign)
    recover(ws)
    planning.plan_step(ws)
    total = rows.count()

    def shown(_: int = 0) -> None:
        if on_progress:
            on_progress(total - rows.filter(status__in=PENDING).count(), total)

    shown()

    def step() -> bool:
        """One step; False where nothing is left to do here."""
        if not Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.SENDING).exists():
            return False
        if send_step(ws, worker, on_sent=shown, channel=channel):
            return True
        if recover(ws) or planning.plan_step(ws):
            return True
        if not rows.filter(status__in=(MessageStatus.CLAIMED, MessageStatus.HANDED_OVER)).exists():
            return False
        wait(0.2)
        return True

    channel = open_channel("email", ws.settings)
    try:
        while patiently(step, wait):
            pass
    finally:
        channel.close()
    shown()
    return counts(campaign)


def counts(campaign: Campaign) -> dict[str, int]:
    """Messages of a campaign by status."""
    rows = Message.objects.filter(campaign=campaign, replaced=False)
    return dict(rows.order_by().values_list("status").annotate(Count("pk")))
