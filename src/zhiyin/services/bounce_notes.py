"""What came back, taken in: noted once, told to ledger and lake, and followed by a suppression where it must be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count

from zhiyin.adapters.records.erasure import NAMELESS, NOBODY, address_mark
from zhiyin.adapters.records.models import BounceNote, Message, Suppression
from zhiyin.domain.bounce import Bounce, BounceKind, Fate
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.event import Event
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.program import campaign_of
from zhiyin.domain.reasons import BounceReason, SuppressReason
from zhiyin.domain.text import say
from zhiyin.loop.deliver import came_back
from zhiyin.loop.deliver.bounces import LIMIT, addresses, classify
from zhiyin.loop.deliver.came_back import Past
from zhiyin.services import bounce_matches, ingest, subscriptions, tracking
from zhiyin.services.bounce_matches import Match
from zhiyin.services.public_links import PublicLinks
from zhiyin.services.workspace import Workspace

EMAIL = "email"
_CUT = 300  # characters of a diagnostic
_PAST = 50  # messages to an address that are looked at, the latest ones
_BREAKS = str.maketrans({"\x00": None, "\r": " ", "\n": " "})


@dataclass(frozen=True, slots=True)
class Sums:
    """What arrived: received = matched + unmatched + nothing + broken."""

    received: int
    matched: int
    unmatched: int
    nothing: int
    broken: int


def take(ws: Workspace, content: bytes, source: str, problem: str = "") -> Fate | None:
    """Take in one message as it came; its fate, or None where it was read before.

    What it says is durable when this returns: events in the spool, the rest in one transaction. ``problem`` tells why
    it cannot be read.
    """
    key = hashlib.sha256(content[:LIMIT]).hexdigest()
    if not problem and not content.strip():
        problem = "empty"
    if problem:
        key = hashlib.sha256(f"{problem}\n{key}".encode()).hexdigest()
    if BounceNote.objects.filter(key=key).exists():
        return None
    if problem:
        return _keep(
            BounceNote(key=key, at=ws.now(), source=source, fate=Fate.BROKEN, diagnostic=problem[:_CUT])
        )
    report = classify(content)
    if report.worst.kind == BounceKind.NONE:
        told = {"kind": BounceKind.NONE, "reason": report.worst.reason}
        return _keep(BounceNote(key=key, at=ws.now(), source=source, fate=Fate.NOTHING, **told))
    return settle(ws, key, source, bounce_matches.find(ws, report))


def settle(ws: Workspace, key: str, source: str, found: Match) -> Fate | None:
    """Let follow what follows, and note it under a key; None where that is noted already."""
    now, bounce = ws.now(), _clean(found.bounce)
    note = BounceNote(
        key=key,
        at=now,
        source=source,
        fate=Fate.UNMATCHED if found.message is None else Fate.MATCHED,
        kind=bounce.kind,
        reason=bounce.reason,
        why=found.why,
        status=bounce.status[:12],
        diagnostic=bounce.diagnostic[:_CUT],
        address=bounce.recipient.lower()[:254],
    )
    if found.message is None:
        return _keep(_forgetting(note))
    message = Message.objects.get(pk=found.message.pk)
    if not message.customer_id.startswith(NAMELESS) and came_back.counts(bounce):
        _tell(ws, message, bounce, now)  # first: told twice it counts once, lost it is gone
    with transaction.atomic():
        row = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
        note.token, note.customer_id, note.address = row.token, row.customer_id, row.address.lower()
        if row.customer_id.startswith(NOBODY):
            note.customer_id = note.address = note.diagnostic = ""  # erased, maybe just now
        fate = _keep(note)
        if fate is not None and came_back.counts(bounce):
            _mark(row, bounce)
            _suppress(row, bounce, now)
    return fate


def sums(ws: Workspace) -> Sums:
    """How much arrived in all, by what became of it."""
    found = dict(BounceNote.objects.order_by().values_list("fate").annotate(Count("pk")))
    counts = {fate.value: found.get(fate.value, 0) for fate in Fate}
    return Sums(sum(counts.values()), **counts)


def notes(ws: Workspace, fate: str = "", limit: int = 50, offset: int = 0) -> list[BounceNote]:
    """What arrived, the latest first; of one fate only if named."""
    rows = BounceNote.objects.filter(fate=fate) if fate else BounceNote.objects.all()
    return list(rows[offset : offset + limit])


def fate_of(name: str) -> str:
    """A fate by its name, the empty text for all. Raises ``BadSetting`` with the known ones."""
    if name and name not in set(Fate):
        raise BadSetting(
            say("Nothing ends as {name!r}.", name=name),
            fix=say("Use one of {choices}.", choices=[str(fate) for fate in Fate]),
        )
    return name


def of_program(program: str) -> dict[str, int]:
    """How many accepted messages of a program came back later, by kind, the gravest kind of each."""
    rows = Message.objects.filter(program=program, replaced=False, status=MessageStatus.ACCEPTED)
    counts = rows.exclude(bounced="").order_by().values_list("bounced").annotate(Count("pk"))
    found: dict[str, int] = dict(counts)
    return {kind.value: found[kind.value] for kind in BounceKind if kind.value in found}


def _keep(note: BounceNote) -> Fate | None:
    try:
        with transaction.atomic():
            note.save(force_insert=True)
    except IntegrityError:
        return None  # somebody else read the same
    return Fate(note.fate)


def _tell(ws: Workspace, message: Message, bounce: Bounce, now: datetime) -> None:
    """What happened, as an event; each kind once for each message. A wish to be left out is an unsubscription."""
    if bounce.reason == BounceReason.OPT_OUT:
        link = PublicLinks.of(ws).unsubscribe(message.token)
        subscriptions.unsubscribe(
            ws, link.rpartition("/")[2], "reported", tracking.Visitor(), everything=True
        )
        return
    complaint = bounce.kind == BounceKind.COMPLAINT
    properties: dict[str, Any] = {
        "token": message.token,
        "step": message.step,
        "kind": bounce.kind.value,
        "reason": bounce.reason.value,
        "status": bounce.status,
        "detail": bounce.diagnostic[:_CUT],
    }
    campaign = campaign_of(message.program)
    if campaign is None:
        properties["program"] = message.program
    ingest.record(
        ws,
        [
            Event(
                event_id=f"complained:{message.token}"
                if complaint
                else f"bounced:{message.token}:{bounce.kind}",
                type="track",
                name=came_back.event(bounce),
                timestamp=now,
                customer_id=message.customer_id,
                source="zhiyin",
                campaign=campaign,
                properties=properties,
            )
        ],
    )


def _mark(row: Message, bounce: Bounce) -> None:
    if came_back.graver(bounce.kind, row.bounced):
        row.bounced, row.bounce_reason = bounce.kind, bounce.reason
        row.save(update_fields=["bounced", "bounce_reason"])


def _suppress(row: Message, bounce: Bounce, now: datetime) -> None:
    """Put the address on the list, if this bounce or those before it say so."""
    if not row.address:
        return
    reason = came_back.suppresses(bounce)
    if reason is None and not bounce.message_caused and came_back.worn_out(_past(row.address)):
        reason = SuppressReason.SOFT_BOUNCES
    if reason is None:
        return
    listed, made = Suppression.objects.get_or_create(
        channel=EMAIL, address=row.address.lower(), defaults={"reason": reason, "at": now}
    )
    if not made and came_back.outweighs(reason, listed.reason):
        Suppression.objects.filter(pk=listed.pk).update(reason=reason, at=now)


def _past(address: str) -> Iterable[Past]:
    """How the messages to an address ended, the latest first; those that nobody handed over tell nothing."""
    rows = Message.objects.filter(address=address, handed_over_at__isnull=False).order_by(
        "-handed_over_at", "-pk"
    )
    for status, kind, reason in rows.values_list("status", "bounced", "bounce_reason")[:_PAST]:
        yield Past(status == MessageStatus.ACCEPTED, kind, reason)


def _clean(bounce: Bounce) -> Bounce:
    """Without what no database keeps."""

    def plain(text: str) -> str:
        return text.translate(_BREAKS).encode("utf-8", "replace").decode()

    return replace(
        bounce,
        recipient=plain(bounce.recipient),
        status=plain(bounce.status),
        diagnostic=plain(bounce.diagnostic),
    )


def _forgetting(note: BounceNote) -> BounceNote:
    """The note without its words where they name somebody who was erased."""
    named = {note.address, *addresses.find_all(note.diagnostic)} - {""}
    marks = [address_mark(address) for address in named]
    if Suppression.objects.filter(channel=EMAIL, address__in=marks).exists():
        note.address = note.diagnostic = ""
    return note
