"""The breaker: a campaign waits or pauses by itself when the fault is not one recipient's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.message import MessageStatus, Receipt
from zhiyin.domain.reasons import FailReason
from zhiyin.domain.text import Text, say
from zhiyin.loop.deliver import retry

BREAKER = 20  # refusals in a row, and nothing accepted, before sending stops by itself
SLOWER = (
    10  # requests in a row to come back later that mean all of us, where the server accepted others before
)


def watch(campaign: Campaign, refusals: dict[int, int], receipts: Sequence[Receipt]) -> bool:
    """Stop a campaign of which the server refuses one after the other: something is wrong with us, not them.

    ``refusals`` counts those in a row for each campaign, and is counted on. False where the campaign was paused.
    """
    row = refusals.get(campaign.pk, 0)
    for receipt in receipts:
        row = row + 1 if _about_us(receipt) else 0
    refusals[campaign.pk] = row
    if row < BREAKER:
        return True
    pause(
        campaign,
        say(
            "The mail server refused {n} messages in a row, so sending stopped. "
            "Its last answer: {answer}. Check the sender and the server, then resume.",
            n=row,
            answer=receipts[-1].detail,
        ),
    )
    return False


def _about_us(receipt: Receipt) -> bool:
    """Whether a refusal for good may mean every message; what the server cannot spell says nothing of the others."""
    refused = receipt.status == MessageStatus.FAILED and not receipt.retry
    return refused and receipt.reason != FailReason.NO_SMTPUTF8


def slower(campaign: Campaign, later: dict[int, int], receipts: Sequence[Receipt]) -> list[Receipt]:
    """These answers, of which those that ask one after the other to come back later are meant for everyone.

    A server that took messages before and now asks this of ten in a row wants fewer at a time: going on would only
    use up everybody's tries. One that took none yet may ask each newcomer to come again, who then does.
    ``later`` counts those in a row for each campaign, and is counted on.
    """
    counts, row = [], later.get(campaign.pk, 0)
    for receipt in receipts:
        row = row + 1 if receipt.retry else 0
        counts.append(row)
    later[campaign.pk] = row
    if max(counts, default=0) < SLOWER or not _took(campaign, receipts):
        return list(receipts)
    end = max(at for at, count in enumerate(counts) if count >= SLOWER) + 1
    start = max(end - counts[end - 1], 0)
    return [
        replace(receipt, everyone=True) if start <= at < end else receipt
        for at, receipt in enumerate(receipts)
    ]


def _took(campaign: Campaign, receipts: Sequence[Receipt]) -> bool:
    """Whether the server took any message of this campaign."""
    return (
        any(receipt.status == MessageStatus.ACCEPTED for receipt in receipts)
        or Message.objects.filter(campaign=campaign, status=MessageStatus.ACCEPTED).exists()
    )


def nobody_answers(
    campaign: Campaign, claim: str, refusal: Receipt, now: datetime, *, moves: bool = False
) -> None:
    """A refusal that is not about one recipient: wait if the server asks to, else pause and say why.

    Each wait is longer than the one before, and after the last the campaign pauses; where it ``moves``, since the
    server took some before it asked to wait, the waits begin anew.
    """
    claimed = Message.objects.filter(campaign=campaign, status=MessageStatus.CLAIMED, claimed_by=claim)
    planned = Message.objects.filter(campaign=campaign, status=MessageStatus.PLANNED)
    if refusal.retry and moves:
        claimed.update(status=MessageStatus.PLANNED, claimed_by="")
        again = now + retry.PAUSES[0]
        planned.filter(due_at__lte=again).update(due_at=again, attempts=0, detail=refusal.detail)
        return
    if refusal.retry:
        first = claimed.order_by("attempts").values_list("attempts", flat=True).first() or 0
        again = retry.next_try(first + 1, now)
        if again is not None:
            waiting = planned.filter(due_at__lte=again, attempts__lte=first)
            claimed.update(status=MessageStatus.PLANNED, claimed_by="")
            waiting.update(due_at=again, attempts=first + 1, detail=refusal.detail)
            return
    pause(campaign, _paused(refusal))


def pause(campaign: Campaign, error: str) -> None:
    """Pause a campaign that is being sent, and say why."""
    Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.SENDING).update(
        status=CampaignStatus.PAUSED, error=error
    )


def cure(receipt: Receipt) -> Text:
    """What to do about a message that the mail server did not accept."""
    if receipt.reason == FailReason.AUTHENTICATION:
        return say("Correct smtp.user and smtp.password.")
    if receipt.reason == FailReason.SERVER_REFUSED:
        return say("Correct the sender's address or smtp.user.")
    if receipt.reason == FailReason.RECIPIENT_REFUSED:
        return say("Check the recipient's address; the server's answer says what it does not like.")
    if receipt.status == MessageStatus.UNKNOWN:
        return say("Look into the mailbox before you try again; the message may have arrived.")
    return say("Check smtp.host, smtp.port and smtp.security.")


def _paused(refusal: Receipt) -> Text:
    if refusal.reason == FailReason.AUTHENTICATION:
        return say(
            "The mail server did not accept the user name or password: {answer}. "
            "Correct smtp.user and smtp.password, then resume.",
            answer=refusal.detail,
        )
    if refusal.reason == FailReason.SERVER_REFUSED:
        return say(
            "The mail server refuses this sender: {answer}. "
            "Correct the sender's address or smtp.user, then resume.",
            answer=refusal.detail,
        )
    return say(
        "The mail server cannot be reached: {answer}. "
        "Check smtp.host, smtp.port and smtp.security, then resume.",
        answer=refusal.detail,
    )
