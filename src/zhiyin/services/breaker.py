"""The breaker of a program: it waits or stops by itself when the fault is neither one recipient's nor the server's.

A campaign is paused until somebody resumes it. What answers a recipient's own act cannot wait for that: such
messages are tried again by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.adapters.records.patience import patiently
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.message import MessageStatus, Receipt
from zhiyin.domain.program import Program
from zhiyin.domain.reasons import FailReason
from zhiyin.domain.text import Text, say
from zhiyin.services import programs

BREAKER = 20  # refusals in a row, and nothing accepted, before sending stops by itself
SLOWER = 10  # requests in a row to come back later that mean everyone, where others were taken before
HOLD = timedelta(minutes=5)  # for which a program that cannot be paused waits instead


def watch(
    program: Program, claim: str, refusals: dict[str, int], receipts: Sequence[Receipt], now: datetime
) -> bool:
    """Stop a program of which the server refuses one after the other: something is wrong with us, not them.

    ``refusals`` counts those in a row for each program, and is counted on. False where the program was stopped.
    """
    row = refusals.get(program.name, 0)
    for receipt in receipts:
        row = row + 1 if _about_us(receipt) else 0
    refusals[program.name] = row
    if row < BREAKER:
        return True
    stop(
        program,
        claim,
        say(
            "The mail server refused {n} messages in a row, so sending stopped. "
            "Its last answer: {answer}. Check the sender and the server, then resume.",
            n=row,
            answer=receipts[-1].detail,
        ),
        now,
    )
    return False


def _about_us(receipt: Receipt) -> bool:
    """Whether a refusal for good may mean every message; what the server cannot spell says nothing of the others."""
    refused = receipt.status == MessageStatus.FAILED and not receipt.retry
    return refused and receipt.reason != FailReason.NO_SMTPUTF8


def slower(program: Program, later: dict[str, int], receipts: Sequence[Receipt]) -> list[Receipt]:
    """These answers, of which those that ask one after the other to come back later are meant for everyone.

    A server that took messages before and now asks this of ten in a row wants fewer at a time: going on would only
    use up everybody's tries. One that took none yet may ask each newcomer to come again, who then does.
    ``later`` counts those in a row for each program, and is counted on.
    """
    counts, row = [], later.get(program.name, 0)
    for receipt in receipts:
        row = row + 1 if receipt.retry else 0
        counts.append(row)
    later[program.name] = row
    if max(counts, default=0) < SLOWER or not _took(program, receipts):
        return list(receipts)
    end = max(at for at, count in enumerate(counts) if count >= SLOWER) + 1
    start = max(end - counts[end - 1], 0)
    return [
        replace(receipt, everyone=True) if start <= at < end else receipt
        for at, receipt in enumerate(receipts)
    ]


def _took(program: Program, receipts: Sequence[Receipt]) -> bool:
    """Whether the server took any message of this program."""
    taken = Message.objects.filter(programs.rows(program), status=MessageStatus.ACCEPTED)
    return any(receipt.status == MessageStatus.ACCEPTED for receipt in receipts) or patiently(taken.exists)


def refused(program: Program, claim: str, refusal: Receipt, now: datetime) -> None:
    """Stop a program of whose sender the server takes nothing, and say why."""
    stop(
        program,
        claim,
        say(
            "The mail server refuses this sender: {answer}. "
            "Correct the sender's address or smtp.user, then resume.",
            answer=refusal.detail,
        ),
        now,
    )


def stop(program: Program, claim: str, error: str, now: datetime) -> None:
    """Send no more of a program for now, and say why: a campaign is paused, another program's messages wait."""
    if program.campaign_id is not None:
        pause(program.campaign_id, error)
    else:
        hold(program.name, claim, error, now)


def hold(name: str, claim: str, error: str, now: datetime) -> None:
    """Let the messages of a program that cannot be paused wait a little, and say why."""
    own = Message.objects.filter(campaign=None, program=name)
    own.filter(status=MessageStatus.CLAIMED, claimed_by=claim).update(
        status=MessageStatus.PLANNED, claimed_by=""
    )
    own.filter(status=MessageStatus.PLANNED, due_at__lte=now).update(due_at=now + HOLD, detail=error)


def pause(campaign_id: int, error: str) -> None:
    """Pause a campaign that is being sent, and say why."""
    Campaign.objects.filter(pk=campaign_id, status=CampaignStatus.SENDING).update(
        status=CampaignStatus.PAUSED, error=error
    )


def cure(receipt: Receipt) -> Text:
    """What to do about a message that the mail server did not accept."""
    if receipt.reason == FailReason.AUTHENTICATION:
        return say("Correct smtp.user and smtp.password, or esp.key.")
    if receipt.reason == FailReason.SERVER_REFUSED:
        return say("Correct the sender's address or smtp.user.")
    if receipt.reason == FailReason.RECIPIENT_REFUSED:
        return say("Check the recipient's address; the server's answer says what it does not like.")
    if receipt.status == MessageStatus.UNKNOWN:
        return say("Look into the mailbox before you try again; the message may have arrived.")
    return say("Check smtp.host, smtp.port and smtp.security, or esp.options.")
