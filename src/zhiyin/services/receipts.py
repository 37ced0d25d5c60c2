"""Receipts: what a channel answered, written into the ledger and told to the lake as events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from zhiyin.adapters.records.erasure import NAMELESS
from zhiyin.adapters.records.models import Message
from zhiyin.domain.event import EMAIL_BOUNCED, EMAIL_DELIVERED, MESSAGE_REFUSED, Event
from zhiyin.domain.message import MessageStatus, Receipt
from zhiyin.domain.program import campaign_of
from zhiyin.loop.deliver import retry
from zhiyin.services import ingest
from zhiyin.services.workspace import Workspace
from zhiyin.stats.buckets import bucket

SETTLED = (
    "status", "reason", "detail", "items", "attempts", "due_at", "claimed_by", "handed_over_at", "finished_at",
    "published",
)  # fmt: skip


def settle(row: Message, receipt: Receipt, now: datetime) -> None:
    """Where one receipt leaves its ledger row."""
    row.detail, row.reason, row.handed_over_at = receipt.detail, receipt.reason, now
    if receipt.everyone:  # not about this message at all: it was not taken over, and stays planned
        row.status, row.due_at, row.claimed_by, row.handed_over_at = MessageStatus.PLANNED, now, "", None
        return
    row.attempts += 1
    own = bucket("retry", f"{row.token}:{row.attempts}")  # the same however often it is asked
    again = retry.next_try(row.attempts, now, own) if receipt.retry else None
    if again is not None:
        row.status, row.due_at, row.claimed_by, row.handed_over_at = MessageStatus.PLANNED, again, "", None
        return
    row.status, row.finished_at, row.published = receipt.status, now, receipt.status == MessageStatus.UNKNOWN


def record(ws: Workspace, rows: Sequence[Message]) -> list[int]:
    """The final outcomes among these rows as events in the spool; returns the ids to flag as published."""
    final = [row for row in rows if row.finished_at and not row.published]
    events = [event for row in final if (event := _outcome(row))]
    ingest.record(ws, events)
    return [row.pk for row in final]


def _outcome(row: Message) -> Event | None:
    name, prefix = {
        MessageStatus.ACCEPTED: (EMAIL_DELIVERED, "delivered"),
        MessageStatus.FAILED: (EMAIL_BOUNCED, "bounced"),
        MessageStatus.REFUSED: (MESSAGE_REFUSED, "refused"),
    }.get(MessageStatus(row.status), ("", ""))
    if not name or row.finished_at is None or row.customer_id.startswith(NAMELESS):
        return None
    properties: dict[str, object] = {"token": row.token, "step": row.step}
    campaign = campaign_of(row.program)
    if campaign is None:
        properties["program"] = row.program
    if row.status == MessageStatus.ACCEPTED:
        properties["items"] = list(row.items)
    else:
        properties |= {"reason": row.reason, "detail": str(row.detail)}  # a told sentence is plain text there
    return Event(
        event_id=f"{prefix}:{row.token}",
        type="track",
        name=name,
        timestamp=row.finished_at,
        customer_id=row.customer_id,
        source="zhiyin",
        campaign=campaign,
        properties=properties,
    )


def publish(ws: Workspace) -> None:
    """Outcomes that a crash kept from becoming events, and refusals at the claim. Repeating adds nothing."""
    while rows := list(
        Message.objects.filter(published=False, finished_at__isnull=False).order_by("finished_at")[:1_000]
    ):
        record(ws, rows)
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(published=True)
