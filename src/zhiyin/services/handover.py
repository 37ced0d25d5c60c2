"""The hand-over: written, marked as handed over on disk, and only then given to the channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from zhiyin.adapters import clock
from zhiyin.adapters.records.message import save_many
from zhiyin.adapters.records.message_copy import keep_many
from zhiyin.adapters.records.models import Message, Suppression
from zhiyin.adapters.records.patience import patiently
from zhiyin.domain.bounce import BounceKind
from zhiyin.domain.decision import Fact
from zhiyin.domain.errors import BadSetting, BadTemplate
from zhiyin.domain.message import PENDING, MessageStatus, Receipt
from zhiyin.domain.ports import Channel
from zhiyin.domain.program import Program
from zhiyin.domain.reasons import FailReason, Reason, SuppressReason
from zhiyin.loop.deliver import bounces
from zhiyin.loop.deliver.mime import ascii_address
from zhiyin.services import breaker, channels, claims, copies, messages, programs, receipts
from zhiyin.services.envelopes import Written
from zhiyin.services.workspace import Workspace


@dataclass
class Round:
    """One claim on its way through the channel."""

    ws: Workspace
    claim: str
    channel: Channel
    pool: ThreadPoolExecutor
    on_sent: Callable[[int], None] | None
    done: int = 0
    shut: bool = False  # the channel takes nothing more just now
    refusals: dict[str, int] = field(default_factory=dict)  # program → refusals in a row
    later: dict[str, int] = field(default_factory=dict)  # program → requests in a row to come back later
    published: list[int] = field(default_factory=list)
    keeper: copies.Keeper = field(default_factory=copies.Keeper)


def write(round_: Round, program: Program, rows: Sequence[Message]) -> list[tuple[Message, Written]]:
    """The messages of a claim. What cannot be rendered is refused, one by one, with the reason."""
    ws = round_.ws
    recipients = [
        messages.Recipient(row.token, row.customer_id)
        if program.marketing
        else messages.Recipient(row.token, row.customer_id, row.address, row.data or {}, row.language)
        for row in rows
    ]
    try:
        written = messages.write(ws, program, recipients, now=ws.now())
    except (BadTemplate, BadSetting) as error:
        breaker.stop(program, round_.claim, error.told, ws.now())
        return []
    ready: list[tuple[Message, Written]] = []
    broken: list[tuple[Message, Sequence[Fact], str]] = []
    for row in rows:
        result = written.get(row.token)
        if isinstance(result, Written):
            if result.envelope.to == ascii_address(row.address):
                ready.append((row, result))
            # else: another address since the claim; it is given back, and the gate asked about that one
        elif result is None:
            broken.append((row, (), Reason.ERASED))
        else:
            row.detail = result.told
            broken.append((row, (), Reason.RENDER_FAILED))
    with transaction.atomic():
        claims.refuse(broken, ws.now())
    _moved(round_, len(broken))
    return ready


def hand_over(round_: Round, program: Program, chunk: Sequence[tuple[Message, Written]]) -> bool:
    """Hand a chunk over; False where the program must not go on."""
    refusal = round_.channel.open()
    if refusal is not None:
        return _heard(round_, [refusal]) and _refused(round_, program, refusal)
    mine = _mark_handed_over(round_, program, chunk)
    going = [(row, written) for row, written in chunk if row.pk in mine]
    if not going:
        return False
    answers = list(round_.pool.map(round_.channel.send, [written.envelope for _, written in going]))
    return _note(round_, program, going, answers)


def _mark_handed_over(round_: Round, program: Program, chunk: Sequence[tuple[Message, Written]]) -> set[int]:
    """On disk when this returns: from here on these messages are never claimed again by themselves, and each is kept
    as it leaves."""
    pressed = round_.keeper.pressed(round_.ws, chunk)
    with transaction.atomic():
        mine = set(
            Message.objects.select_for_update(of=("self",))
            .filter(
                programs.going(program),
                pk__in=[row.pk for row, _ in chunk],
                status=MessageStatus.CLAIMED,
                claimed_by=round_.claim,
            )
            .values_list("pk", flat=True)
        )
        Message.objects.filter(pk__in=mine).update(
            status=MessageStatus.HANDED_OVER, handed_over_at=round_.ws.now(), claimed_at=clock.system()
        )
        keep_many([copy for copy in pressed if copy[0] in mine], round_.ws.now())
        flag_published(round_)
    return mine


def _note(
    round_: Round,
    program: Program,
    going: Sequence[tuple[Message, Written]],
    answers: Sequence[Receipt],
) -> bool:
    """Write down what the channel answered; False where the program must not go on."""
    now = round_.ws.now()
    stop: Receipt | None = None
    answers = breaker.slower(program, round_.later, answers)
    for (row, written), receipt in zip(going, answers, strict=True):
        receipts.settle(row, receipt, now)
        row.items = list(written.items)
        if receipt.everyone:
            stop = receipt
    patiently(lambda: _keep([row for row, _ in going], now))  # nobody else knows what was answered
    round_.published += receipts.record(round_.ws, [row for row, _ in going])
    _moved(round_, sum(row.status not in PENDING for row, _ in going))
    if not _heard(round_, answers):
        return False
    if stop is not None:
        return _refused(round_, program, stop)
    return breaker.watch(program, round_.claim, round_.refusals, answers, now)


def _heard(round_: Round, answers: Sequence[Receipt]) -> bool:
    """Tell the channel's breaker; False where the server itself fails, and this round is over."""
    going = channels.heard(round_.ws, channels.EMAIL, answers, round_.ws.now())
    round_.shut = not going or any(answer.everyone and channels.fault(answer) for answer in answers)
    return not round_.shut


def _refused(round_: Round, program: Program, refusal: Receipt) -> bool:
    """The server works and takes nothing of this program's sender."""
    breaker.refused(program, round_.claim, refusal, round_.ws.now())
    return False


def _keep(rows: Sequence[Message], now: datetime) -> None:
    """Outcomes into the ledger, and addresses that do not exist onto the list; the same if done again."""
    with transaction.atomic():
        _forget_erased(rows)
        save_many(rows, receipts.SETTLED)
        claims.forget([row for row in rows if row.finished_at])
        failed = (row for row in rows if row.address and row.status == MessageStatus.FAILED)
        dead = [row.address.lower() for row in failed if _gone(row)]
        Suppression.objects.bulk_create(
            [
                Suppression(channel="email", address=address, reason=SuppressReason.HARD_BOUNCE, at=now)
                for address in dict.fromkeys(dead)
            ],
            ignore_conflicts=True,
        )


def _gone(row: Message) -> bool:
    """Whether the server's answer says that the address does not exist, and not only that it will not do today."""
    at = "RCPT" if row.reason == FailReason.RECIPIENT_REFUSED else "DATA"
    return bounces.of_reply(str(row.detail), at=at).kind == BounceKind.HARD


def _forget_erased(rows: Sequence[Message]) -> None:
    """Who was erased while the channel had their message stays erased: no address and no answer comes back."""
    names = dict(
        Message.objects.select_for_update(of=("self",))
        .filter(pk__in=[row.pk for row in rows])
        .values_list("pk", "customer_id")
    )
    for row in rows:
        if names[row.pk] != row.customer_id:
            row.customer_id, row.address, row.detail, row.items = names[row.pk], "", "", []


def _moved(round_: Round, count: int) -> None:
    round_.done += count
    if count and round_.on_sent:
        round_.on_sent(count)


def flag_published(round_: Round) -> None:
    """Note which outcomes are in the spool already, so that they are not told again."""
    if round_.published:
        Message.objects.filter(pk__in=round_.published).update(published=True)
        round_.published = []
