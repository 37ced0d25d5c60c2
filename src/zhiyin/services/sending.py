"""Sending: plan everyone, claim, hand over, and never send anything twice.

The ledger row of a message moves ``planned → claimed → handed_over → accepted | failed | unknown``. It is
marked ``handed_over``, durably, before the first byte of its content leaves; a process that dies after that
leaves ``unknown`` behind, never a second message.
"""

from __future__ import annotations

import os
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet

from zhiyin.adapters import clock
from zhiyin.adapters.channels import channel as open_channel
from zhiyin.adapters.records.message import save_many
from zhiyin.adapters.records.models import Campaign, Decision, Message, Suppression
from zhiyin.domain.campaign import Campaign as CampaignNoun
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.decision import REFUSE, SEND, Fact
from zhiyin.domain.decision import Decision as DecisionNoun
from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.event import EMAIL_BOUNCED, EMAIL_DELIVERED, MESSAGE_DECIDED, MESSAGE_REFUSED, Event
from zhiyin.domain.intent import Intent
from zhiyin.domain.message import PENDING, MessageStatus, Receipt
from zhiyin.domain.ports import Channel
from zhiyin.domain.reasons import FailReason, Reason, SuppressReason
from zhiyin.loop import decide
from zhiyin.loop.deliver import retry
from zhiyin.loop.plan.campaign import intents
from zhiyin.services import gate, ingest, messages, segments
from zhiyin.services.messages import Written
from zhiyin.services.workspace import Workspace

PLAN_BATCH = 1_000
CLAIM = 500  # messages claimed and written at a time
HAND_OVER = 25  # marked handed over together: as many may be left unknown by a crash
BREAKER = 20  # refusals in a row, and nothing accepted, before sending stops by itself
STALE = timedelta(minutes=15)  # real time after which a claim of another machine is given up
_CLAIM_ID = re.compile(r"(?P<host>.+):(?P<pid>\d+):[0-9a-f]{12}")
_HELD, _REFUSED = MessageStatus.HELD_OUT, MessageStatus.REFUSED

T = TypeVar("T")


# -- planning -----------------------------------------------------------------------------------------------


def plan_step(ws: Workspace) -> int:
    """Give everyone in the segment of every started campaign a ledger row and a decision.

    Returns the number of rows written. A planning that was interrupted goes on where it stopped. When all
    have a row, the decisions become events in the lake and sending may begin.
    """
    planned = 0
    for campaign in Campaign.objects.filter(status=CampaignStatus.SENDING, planned_at=None).order_by("pk"):
        planned += _plan(ws, campaign)
    return planned


def _plan(ws: Workspace, campaign: Campaign) -> int:
    noun = campaign_of(campaign)
    policy = gate.policy(ws)
    versions = _versions(campaign, policy)
    planned = 0
    for batch in _batches(intents(noun, segments.members(ws, campaign.segment_rule)), PLAN_BATCH):
        with transaction.atomic():
            locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
            if locked.status != CampaignStatus.SENDING or locked.planned_at:
                return planned
            planned += _plan_batch(locked, batch, policy, versions, ws.now())
    _publish_decisions(ws, campaign)
    Campaign.objects.filter(pk=campaign.pk, planned_at=None).update(planned_at=ws.now())
    return planned


def _plan_batch(
    campaign: Campaign,
    batch: Sequence[Intent],
    policy: decide.Policy,
    versions: Mapping[str, str],
    now: datetime,
) -> int:
    ids = [intent.customer_id for intent in batch]
    known = set(
        Message.objects.filter(program=campaign.program, customer_id__in=ids).values_list(
            "customer_id", flat=True
        )
    )
    contacts = gate.contacts(ids)
    rows, decisions = [], []
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
        rows.append(_ledger_row(campaign, intent, contact.address, made, now))
        decisions.append(made)
    Message.objects.bulk_create(rows)
    Decision.objects.bulk_create(
        [_decision_row(row, made, now) for row, made in zip(rows, decisions, strict=True)]
    )
    return len(rows)


def _ledger_row(
    campaign: Campaign, intent: Intent, address: str, made: DecisionNoun, now: datetime
) -> Message:
    status = {SEND: MessageStatus.PLANNED, REFUSE: _REFUSED}.get(made.choice, _HELD)
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
        reason=made.reason,
        address="" if done else address,
        planned_at=now,
        due_at=now,
        finished_at=now if done else None,
        published=done,  # their decision is the event
    )


def _decision_row(message: Message, made: DecisionNoun, now: datetime) -> Decision:
    return Decision(
        message=message,
        customer_id=made.customer_id,
        choice=made.choice,
        assigned=made.assigned,
        probability=made.probability,
        alternatives=[asdict(alternative) for alternative in made.alternatives],
        facts=facts_json(made.facts),
        versions=dict(made.versions),
        reason=made.reason,
        decided_at=now,
    )


def facts_json(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """Facts as a decision record keeps them."""
    return [{"code": fact.code, "holds": fact.holds, "detail": dict(fact.detail)} for fact in facts]


def _publish_decisions(ws: Workspace, campaign: Campaign) -> None:
    """Every decision of a campaign as an event. Repeating it adds nothing: the ids are the same."""
    rows = (
        Decision.objects.filter(message__campaign=campaign)
        .order_by("pk")
        .values_list(
            "message__token",
            "message__step",
            "customer_id",
            "choice",
            "assigned",
            "probability",
            "reason",
            "decided_at",
        )
    )
    for batch in _batches(rows.iterator(chunk_size=2_000), 2_000):
        ingest.record(
            ws,
            [
                Event(
                    event_id=f"decided:{token}",
                    type="track",
                    name=MESSAGE_DECIDED,
                    timestamp=at,
                    customer_id=customer_id,
                    source="zhiyin",
                    campaign=campaign.key,
                    properties={
                        "token": token,
                        "choice": choice,
                        "assigned": assigned,
                        "probability": probability,
                        "reason": reason,
                        "step": step,
                    },
                )
                for token, step, customer_id, choice, assigned, probability, reason, at in batch
            ],
        )


# -- sending ------------------------------------------------------------------------------------------------


@dataclass
class _Round:
    """One claim on its way through the channel."""

    ws: Workspace
    claim: str
    channel: Channel
    pool: ThreadPoolExecutor
    on_sent: Callable[[int], None] | None
    done: int = 0
    refusals: dict[int, int] = field(default_factory=dict)  # campaign → refusals in a row
    published: list[int] = field(default_factory=list)


def send_step(
    ws: Workspace,
    worker_id: str,
    limit: int = CLAIM,
    on_sent: Callable[[int], None] | None = None,
    channel: Channel | None = None,
) -> int:
    """Claim up to ``limit`` due messages, write them, hand them over, note the answers.

    Returns how many ledger rows moved on; 0 means that nothing is due. ``on_sent(n)`` is called while it
    runs. A server that answers nobody pauses the campaign and leaves the messages planned.
    """
    claim = f"{worker_id[:50]}:{uuid.uuid4().hex[:12]}"
    claimed = _claim(ws, claim, limit)
    if claimed.rows:
        own = channel or open_channel("email", ws.settings)
        try:
            with ThreadPoolExecutor(max_workers=ws.settings.smtp.connections) as pool:
                _send_claimed(_Round(ws, claim, own, pool, on_sent), claimed.rows)
        finally:
            if channel is None:
                own.close()
    _publish(ws)
    _finish(ws)
    return claimed.refused + len(claimed.rows)


@dataclass(frozen=True)
class _Claimed:
    rows: list[Message]
    refused: int


def _claim(ws: Workspace, claim: str, limit: int) -> _Claimed:
    """Claim due messages and ask the gate again, all in one transaction (law 4)."""
    now = ws.now()
    with transaction.atomic():
        due = list(
            Message.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(
                status=MessageStatus.PLANNED,
                due_at__lte=now,
                campaign__status=CampaignStatus.SENDING,
                campaign__planned_at__isnull=False,
            )
            .order_by("due_at", "pk")[:limit]
        )
        if not due:
            return _Claimed([], 0)
        contacts = gate.contacts([row.customer_id for row in due])
        policy = gate.policy(ws)
        going: list[tuple[Message, Sequence[Fact], str]] = []
        stopped: list[tuple[Message, Sequence[Fact], str]] = []
        moved: list[Message] = []
        for row in due:
            contact = contacts[row.customer_id]
            facts = decide.check(contact, policy)
            reason = decide.refusal(facts)
            if row.address != contact.address:
                row.address = contact.address
                moved.append(row)
            (stopped if reason else going).append((row, facts, reason))
        rows = [row for row, _, _ in going]
        Message.objects.filter(pk__in=[row.pk for row in rows], status=MessageStatus.PLANNED).update(
            status=MessageStatus.CLAIMED, claimed_by=claim, claimed_at=clock.system()
        )
        save_many(moved, ("address",))
        _refuse(stopped, now)
    return _Claimed(rows, len(stopped))


def _refuse(stopped: Sequence[tuple[Message, Sequence[Fact], str]], now: datetime) -> None:
    """Note late refusals in ledger and decisions together; the arm by chance stays what it was."""
    if not stopped:
        return
    for row, _, reason in stopped:
        row.status, row.reason, row.address = _REFUSED, reason, ""
        row.finished_at, row.claimed_by, row.published = now, "", False
    names = ("status", "reason", "detail", "address", "finished_at", "claimed_by", "published")
    save_many([row for row, _, _ in stopped], names)
    facts = {row.pk: (found, reason) for row, found, reason in stopped}
    decisions = list(Decision.objects.filter(message__in=facts))
    for decision in decisions:
        found, decision.reason = facts[decision.message_id]
        decision.choice = REFUSE
        if found:
            decision.facts = facts_json(found)
    Decision.objects.bulk_update(decisions, ["choice", "reason", "facts"], batch_size=200)


def _send_claimed(round_: _Round, rows: Sequence[Message]) -> None:
    campaigns = {row.pk: row for row in Campaign.objects.filter(pk__in={row.campaign_id for row in rows})}
    for campaign_id, campaign in campaigns.items():
        own = [row for row in rows if row.campaign_id == campaign_id]
        ready = _write(round_, campaign, own)
        for chunk in _batches(ready, HAND_OVER):
            if not _hand_over_chunk(round_, campaign, chunk):
                break
        mine = Q(claimed_by=round_.claim, campaign=campaign, status=MessageStatus.CLAIMED)
        _release(mine, round_.ws.now())
    _flag_published(round_)


def _write(round_: _Round, campaign: Campaign, rows: Sequence[Message]) -> list[tuple[Message, Written]]:
    """The messages of a claim. What cannot be rendered is refused, one by one, with the reason."""
    ws = round_.ws
    tokens = {row.customer_id: row.token for row in rows}
    try:
        written = messages.write(ws, campaign, tokens, now=ws.now())
    except BadTemplate as error:
        _pause(campaign, str(error))
        return []
    ready: list[tuple[Message, Written]] = []
    broken: list[tuple[Message, Sequence[Fact], str]] = []
    for row in rows:
        result = written.get(row.customer_id)
        if isinstance(result, Written):
            ready.append((row, result))
        elif result is None:
            broken.append((row, (), Reason.ERASED))
        else:
            row.detail = str(result)
            broken.append((row, (), Reason.RENDER_FAILED))
    with transaction.atomic():
        _refuse(broken, ws.now())
    _moved(round_, len(broken))
    return ready


def _hand_over_chunk(round_: _Round, campaign: Campaign, chunk: Sequence[tuple[Message, Written]]) -> bool:
    """Hand a chunk over; False where the campaign must not go on."""
    refusal = round_.channel.open()
    if refusal is not None:
        _nobody_answers(round_, campaign, refusal)
        return False
    mine = _mark_handed_over(round_, [row.pk for row, _ in chunk])
    going = [(row, written) for row, written in chunk if row.pk in mine]
    if not going:
        return False
    receipts = list(round_.pool.map(round_.channel.send, [written.envelope for _, written in going]))
    return _note(round_, campaign, going, receipts)


def _mark_handed_over(round_: _Round, ids: Sequence[int]) -> set[int]:
    """On disk when this returns: from here on these messages are never claimed again by themselves."""
    with transaction.atomic():
        mine = set(
            Message.objects.select_for_update(of=("self",))
            .filter(
                pk__in=ids,
                status=MessageStatus.CLAIMED,
                claimed_by=round_.claim,
                campaign__status=CampaignStatus.SENDING,
            )
            .values_list("pk", flat=True)
        )
        Message.objects.filter(pk__in=mine).update(
            status=MessageStatus.HANDED_OVER, handed_over_at=round_.ws.now(), claimed_at=clock.system()
        )
        _flag_published(round_)
    return mine


def _note(
    round_: _Round,
    campaign: Campaign,
    going: Sequence[tuple[Message, Written]],
    receipts: Sequence[Receipt],
) -> bool:
    """Write down what the channel answered; False where the campaign must not go on."""
    now = round_.ws.now()
    dead: list[str] = []
    stop: Receipt | None = None
    for (row, written), receipt in zip(going, receipts, strict=True):
        _settle(row, receipt, now)
        row.items = list(written.items)
        if receipt.everyone:
            stop = receipt
        elif row.status == MessageStatus.FAILED and retry.no_such_mailbox(receipt.detail):
            dead.append(row.address.lower())
    with transaction.atomic():
        save_many([row for row, _ in going], _SETTLED)
        Suppression.objects.bulk_create(
            [
                Suppression(channel="email", address=address, reason=SuppressReason.HARD_BOUNCE, at=now)
                for address in dict.fromkeys(dead)
            ],
            ignore_conflicts=True,
        )
    round_.published += _record_outcomes(round_.ws, [row for row, _ in going], campaign.key)
    _moved(round_, sum(row.status not in PENDING for row, _ in going))
    if stop is not None:
        _nobody_answers(round_, campaign, stop)
        return False
    return _breaker(round_, campaign, receipts)


_SETTLED = (
    "status", "reason", "detail", "items", "attempts", "due_at", "claimed_by", "handed_over_at", "finished_at",
    "published",
)  # fmt: skip


def _settle(row: Message, receipt: Receipt, now: datetime) -> None:
    """Where one receipt leaves its ledger row."""
    row.detail, row.reason, row.handed_over_at = receipt.detail, receipt.reason, now
    if receipt.everyone:  # not about this message at all: it was not taken over, and stays planned
        row.status, row.due_at, row.claimed_by, row.handed_over_at = MessageStatus.PLANNED, now, "", None
        return
    row.attempts += 1
    again = retry.next_try(row.attempts, now) if receipt.retry else None
    if again is not None:
        row.status, row.due_at, row.claimed_by, row.handed_over_at = MessageStatus.PLANNED, again, "", None
        return
    row.status, row.finished_at, row.published = receipt.status, now, receipt.status == MessageStatus.UNKNOWN


def _breaker(round_: _Round, campaign: Campaign, receipts: Sequence[Receipt]) -> bool:
    """Stop a campaign of which the server refuses one after the other: something is wrong with us, not them."""
    row = round_.refusals.get(campaign.pk, 0)
    for receipt in receipts:
        row = row + 1 if receipt.status == MessageStatus.FAILED and not receipt.retry else 0
    round_.refusals[campaign.pk] = row
    if row < BREAKER:
        return True
    _pause(
        campaign,
        f"The mail server refused {row} messages in a row, so sending stopped. "
        f"Its last answer: {receipts[-1].detail}. Check the sender and the server, then resume.",
    )
    return False


def _nobody_answers(round_: _Round, campaign: Campaign, refusal: Receipt) -> None:
    """A refusal that is not about one recipient: wait if the server asks to, else pause and say why."""
    claimed = Message.objects.filter(campaign=campaign, status=MessageStatus.CLAIMED, claimed_by=round_.claim)
    now = round_.ws.now()
    if refusal.retry:
        first = claimed.order_by("attempts").values_list("attempts", flat=True).first() or 0
        again = retry.next_try(first + 1, now)
        if again is not None:
            waiting = Message.objects.filter(
                campaign=campaign, status=MessageStatus.PLANNED, due_at__lte=again, attempts__lte=first
            )
            claimed.update(status=MessageStatus.PLANNED, claimed_by="")
            waiting.update(due_at=again, attempts=first + 1, detail=refusal.detail)
            return
    _pause(campaign, _PAUSED.get(refusal.reason, _PAUSED[""]).format(answer=refusal.detail))


_PAUSED = {
    FailReason.AUTHENTICATION: "The mail server did not accept the user name or password: {answer}. "
    "Correct smtp.user and smtp.password, then resume.",
    FailReason.SERVER_REFUSED: "The mail server refuses this sender: {answer}. "
    "Correct the sender's address or smtp.user, then resume.",
    "": "The mail server cannot be reached: {answer}. Check smtp.host, smtp.port and smtp.security, then resume.",
}


def _pause(campaign: Campaign, error: str) -> None:
    Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.SENDING).update(
        status=CampaignStatus.PAUSED, error=error
    )


def _release(claims: Q, now: datetime) -> int:
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
    for batch in _batches(ids, 500):
        Message.objects.filter(pk__in=batch).update(
            status=_REFUSED, reason=Reason.CANCELLED, claimed_by="", finished_at=now, published=False
        )
        Decision.objects.filter(message__in=batch).update(choice=REFUSE, reason=Reason.CANCELLED)
    return len(ids)


def _moved(round_: _Round, count: int) -> None:
    round_.done += count
    if count and round_.on_sent:
        round_.on_sent(count)


def _finish(ws: Workspace) -> None:
    """A campaign is sent when nobody in it is pending any more."""
    pending = Message.objects.filter(status__in=PENDING).values("campaign")
    Campaign.objects.filter(status=CampaignStatus.SENDING, planned_at__isnull=False).exclude(
        pk__in=pending
    ).update(status=CampaignStatus.SENT, finished_at=ws.now(), error="")


# -- outcomes as events --------------------------------------------------------------------------------------


def _record_outcomes(ws: Workspace, rows: Sequence[Message], campaign_key: str) -> list[int]:
    """The final outcomes among these rows as events in the spool; returns the ids to flag as published."""
    final = [row for row in rows if row.finished_at and not row.published]
    events = [event for row in final if (event := _outcome(row, campaign_key))]
    ingest.record(ws, events)
    return [row.pk for row in final]


def _outcome(row: Message, campaign_key: str) -> Event | None:
    name, prefix = {
        MessageStatus.ACCEPTED: (EMAIL_DELIVERED, "delivered"),
        MessageStatus.FAILED: (EMAIL_BOUNCED, "bounced"),
        MessageStatus.REFUSED: (MESSAGE_REFUSED, "refused"),
    }.get(MessageStatus(row.status), ("", ""))
    if not name or row.finished_at is None:
        return None
    properties: dict[str, object] = {"token": row.token, "step": row.step}
    if row.status == MessageStatus.ACCEPTED:
        properties["items"] = list(row.items)
    else:
        properties |= {"reason": row.reason, "detail": row.detail}
    return Event(
        event_id=f"{prefix}:{row.token}",
        type="track",
        name=name,
        timestamp=row.finished_at,
        customer_id=row.customer_id,
        source="zhiyin",
        campaign=campaign_key,
        properties=properties,
    )


def _flag_published(round_: _Round) -> None:
    if round_.published:
        Message.objects.filter(pk__in=round_.published).update(published=True)
        round_.published = []


def _publish(ws: Workspace) -> None:
    """Outcomes that a crash kept from becoming events, and refusals at the claim. Repeating adds nothing."""
    while rows := list(
        Message.objects.filter(published=False, finished_at__isnull=False)
        .select_related("campaign")
        .order_by("finished_at")[:1_000]
    ):
        ids: list[int] = []
        for key in {row.campaign.key if row.campaign else "" for row in rows}:
            ids += _record_outcomes(
                ws, [row for row in rows if row.campaign and row.campaign.key == key], key
            )
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(published=True)


# -- recovery and the whole run ------------------------------------------------------------------------------


def recover(ws: Workspace, older_than: timedelta = STALE) -> int:
    """Put right what dead workers left: claimed messages are planned again, handed over ones are unknown.

    A worker is dead if it was on this machine and its process is gone, or if its claim is older than
    ``older_than``. Returns the number of rows put right.
    """
    stale = _stale_claims(clock.system() - older_than)
    if not stale:
        return 0
    with transaction.atomic():
        lost = Message.objects.filter(status=MessageStatus.HANDED_OVER, claimed_by__in=stale).update(
            status=MessageStatus.UNKNOWN,
            reason=FailReason.INTERRUPTED,
            finished_at=ws.now(),
            published=True,
        )
    back = _release(Q(status=MessageStatus.CLAIMED, claimed_by__in=stale), ws.now())
    _publish(ws)
    _finish(ws)
    return lost + back


def _stale_claims(before: datetime) -> list[str]:
    claims = (
        Message.objects.filter(status__in=(MessageStatus.CLAIMED, MessageStatus.HANDED_OVER))
        .order_by()
        .values_list("claimed_by", "claimed_at")
        .distinct()
    )
    return sorted({claim for claim, at in claims if at is None or at < before or not _alive(claim)})


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
    plan_step(ws)
    total = rows.count()

    def shown(_: int = 0) -> None:
        if on_progress:
            on_progress(total - rows.filter(status__in=PENDING).count(), total)

    shown()
    channel = open_channel("email", ws.settings)
    try:
        while Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.SENDING).exists():
            if send_step(ws, worker, on_sent=shown, channel=channel):
                continue
            if not recover(ws) and not plan_step(ws):
                if not rows.filter(status__in=(MessageStatus.CLAIMED, MessageStatus.HANDED_OVER)).exists():
                    break
                wait(0.2)
    finally:
        channel.close()
    shown()
    return counts(campaign)


def counts(campaign: Campaign) -> dict[str, int]:
    """Messages of a campaign by status."""
    from django.db.models import Count

    rows = Message.objects.filter(campaign=campaign).order_by().values_list("status").annotate(Count("pk"))
    return dict(rows)


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
        recommender=row.recommender,
    )


def _versions(campaign: Campaign, policy: decide.Policy) -> dict[str, str]:
    return {
        "segment": f"{campaign.segment.key}@{campaign.segment_version}",
        "assignment": "growthbook-hash-2",
        "seed": campaign.seed,
        "consent": policy.consent,
        "recommender": campaign.recommender or "default",
    }


def _batches(items: Any, size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
