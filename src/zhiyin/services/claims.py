"""Claims: which messages a worker holds, the gate asked once more, and what is given back."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from zhiyin.adapters import clock
from zhiyin.adapters.records.message import domain_of, save_many
from zhiyin.adapters.records.models import Decision, Message
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.decision import REFUSE, Fact
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.reasons import Reason
from zhiyin.loop import decide
from zhiyin.services import channels, decisions, gate, pace
from zhiyin.services.batches import batches
from zhiyin.services.workspace import Workspace

_CLAIM_ID = re.compile(r"(?P<host>.+):(?P<pid>\d+):[0-9a-f]{12}")
_CANCELLED = 500  # ended in one statement
_given_up: set[str] = set()  # claims of this process that it will not go on with


@dataclass(frozen=True, slots=True)
class Claimed:
    """Messages that may go, how many the gate refused at the last moment, and how many wait until later."""

    rows: list[Message]
    refused: int = 0
    postponed: int = 0


def claim(ws: Workspace, name: str, limit: int) -> Claimed:
    """Claim due messages: the gate is asked again, then the pace, all in one transaction (law 4)."""
    now = ws.now()
    with transaction.atomic():
        limit = channels.room(ws, channels.EMAIL, limit, now)
        # what a recipient waits for goes before what a shop wants to say
        first = _due(now, limit, campaign=None)
        late = _due(
            now,
            limit - len(first),
            campaign__status=CampaignStatus.SENDING,
            campaign__planned_at__isnull=False,
        )
        if not first and not late:
            return Claimed([])
        asking = [*first, *late]
        contacts, topics = gate.of_rows(asking), gate.topics(asking)
        stopped: list[tuple[Message, Sequence[Fact], str]] = []
        moved: list[Message] = []

        def passed(row: Message) -> bool:
            contact = contacts[row.pk]
            facts = decide.check(contact, gate.policy(ws, row.program, topics.get(row.campaign_id, "")))
            reason = decide.refusal(facts)
            if row.address != contact.address:
                row.address, row.domain = contact.address, domain_of(contact.address)
                moved.append(row)
            if reason:
                stopped.append((row, facts, reason))
            return not reason

        first, late = [row for row in first if passed(row)], [row for row in late if passed(row)]
        # the gate goes first: who is refused takes no place of the pace, and a new address counts where it is
        rows = [*first, *pace.hold(ws, late, now)]
        Message.objects.filter(pk__in=[row.pk for row in rows], status=MessageStatus.PLANNED).update(
            status=MessageStatus.CLAIMED, claimed_by=name, claimed_at=clock.system(), reason=""
        )
        if rows:
            channels.trying(ws, channels.EMAIL, name, now)
        save_many(moved, ("address", "domain"))
        refuse(stopped, now)
    return Claimed(rows, len(stopped), len(first) + len(late) - len(rows))


def _due(now: datetime, limit: int, **of: object) -> list[Message]:
    rows = Message.objects.select_for_update(skip_locked=True, of=("self",))
    planned = rows.filter(status=MessageStatus.PLANNED, due_at__lte=now, **of)
    return list(planned.order_by("due_at", "pk")[:limit]) if limit > 0 else []


def refuse(stopped: Sequence[tuple[Message, Sequence[Fact], str]], now: datetime) -> None:
    """Note late refusals in ledger and decisions together; the arm by chance stays what it was."""
    if not stopped:
        return
    for row, _, reason in stopped:
        row.status, row.reason, row.address = MessageStatus.REFUSED, reason, ""
        row.finished_at, row.claimed_by, row.published = now, "", False
    names = ("status", "reason", "detail", "address", "finished_at", "claimed_by", "published")
    save_many([row for row, _, _ in stopped], names)
    forget([row for row, _, _ in stopped])
    facts = {row.pk: (found, reason) for row, found, reason in stopped}
    made = list(Decision.objects.filter(message__in=facts))
    for decision in made:
        found, decision.reason = facts[decision.message_id]
        decision.choice = REFUSE
        if found:
            decision.facts = decisions.facts_json(found)
    Decision.objects.bulk_update(made, ["choice", "reason", "facts"], batch_size=200)


def forget(rows: Sequence[Message]) -> None:
    """Forget what messages that are over were given for themselves: codes and passwords are nobody's business."""
    given = [row.pk for row in rows if row.data is not None]
    if given:
        Message.objects.filter(pk__in=given).update(data=None)


def release(claims: Q, now: datetime) -> int:
    """Give claimed messages back; those of a cancelled campaign end there."""
    with transaction.atomic():
        rows = Message.objects.filter(claims)
        given = rows.exclude(campaign__status=CampaignStatus.CANCELLED).update(
            status=MessageStatus.PLANNED, claimed_by=""
        )
        cancel_rows(rows, now)
    return given


def cancel_rows(rows: QuerySet[Message], now: datetime) -> int:
    """End messages that were not handed over: refused, because the campaign was cancelled."""
    ids = list(rows.values_list("pk", flat=True))
    for batch in batches(ids, _CANCELLED):
        Message.objects.filter(pk__in=batch).update(
            status=MessageStatus.REFUSED,
            reason=Reason.CANCELLED,
            claimed_by="",
            finished_at=now,
            published=False,
        )
        Decision.objects.filter(message__in=batch).update(choice=REFUSE, reason=Reason.CANCELLED)
    return len(ids)


def give_up(name: str) -> None:
    """This process lives on, but not with this claim: what it holds is for ``recover`` to put right."""
    _given_up.add(name)


def stale(before: datetime, after: datetime) -> list[str]:
    """The claims of workers that are gone, those given up, and those not made between two moments of the clock."""
    claims = (
        Message.objects.filter(status__in=(MessageStatus.CLAIMED, MessageStatus.HANDED_OVER))
        .order_by()
        .values_list("claimed_by", "claimed_at")
        .distinct()
    )
    return sorted(
        {
            claim
            for claim, at in claims
            if at is None or not before <= at <= after or claim in _given_up or not _alive(claim)
        }
    )


def _alive(claim: str) -> bool:
    """Whether the process of a claim may still be there; on another machine we cannot know."""
    match = _CLAIM_ID.fullmatch(claim)
    if match is None or match["host"] != socket.gethostname()[:40]:
        return True
    try:
        os.kill(int(match["pid"]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
