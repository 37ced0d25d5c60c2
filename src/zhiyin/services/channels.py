"""Channels: whether messages may go through one, what it last answered, and the way back to service."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from django.db import transaction

from zhiyin.adapters.records.models import ChannelState
from zhiyin.domain.breaker import Breaker, BreakerState
from zhiyin.domain.errors import NotFound
from zhiyin.domain.message import Receipt
from zhiyin.domain.reasons import FailReason
from zhiyin.domain.text import say
from zhiyin.loop.deliver import breaker as rule
from zhiyin.services.workspace import Workspace
from zhiyin.stats.buckets import bucket

EMAIL = "email"
NAMES = (EMAIL,)
_FIELDS = [one.name for one in fields(Breaker)]


def room(ws: Workspace, name: str, limit: int, now: datetime) -> int:
    """How many messages may be claimed for a channel. Call it within the claim's transaction."""
    row = ChannelState.objects.filter(name=name).exclude(state=BreakerState.CLOSED).first()
    if row is None:
        return limit
    row = ChannelState.objects.select_for_update().get(pk=row.pk)  # one worker at a time tries
    return rule.room(_breaker(row), now, limit, _mark(ws))


def trying(ws: Workspace, name: str, claim: str, now: datetime) -> None:
    """Messages were claimed: where the breaker is open, they try whether the channel works again."""
    row = ChannelState.objects.filter(name=name).exclude(state=BreakerState.CLOSED).first()
    if row is not None:
        _save(row, rule.trying(_breaker(row), now, _mark(ws)), claim)


def heard(ws: Workspace, name: str, receipts: Sequence[Receipt], now: datetime) -> bool:
    """Note what the server answered; False where nothing more may go."""
    faulty = any(map(rule.fault, receipts))
    if not receipts or not (faulty or ChannelState.objects.filter(name=name, failures__gt=0).exists()):
        return True
    with transaction.atomic():
        ChannelState.objects.get_or_create(name=name)
        row = ChannelState.objects.select_for_update().get(name=name)
        made = before = _breaker(row)
        for receipt in receipts:
            spread = bucket(f"breaker:{name}", f"{now.isoformat()}:{made.openings}")
            made = rule.heard(made, receipt, now, mark=_mark(ws), spread=spread)
        if made != before:
            _save(row, made, row.trying if made.state == BreakerState.HALF_OPEN else "")
    return made.state != BreakerState.OPEN


def fault(receipt: Receipt) -> bool:
    """Whether the server itself fails."""
    return rule.fault(receipt)


def ended(name: str, claim: str, now: datetime) -> None:
    """A try is over. Where nothing was answered, because nothing could be handed over, another one may try."""
    ChannelState.objects.filter(name=name, state=BreakerState.HALF_OPEN, trying=claim).update(
        state=BreakerState.OPEN, next_try=now, trying=""
    )


def breaker(name: str) -> Breaker:
    """Where a channel stands. Raises ``NotFound`` with the known names."""
    _known(name)
    row = ChannelState.objects.filter(name=name).first()
    return _breaker(row) if row else Breaker()


def reset(name: str) -> bool:
    """Let messages go again at once; False where nothing held them. Raises ``NotFound``."""
    _known(name)
    return bool(ChannelState.objects.filter(name=name, failures__gt=0).delete()[0])


def told(found: Breaker) -> str:
    """Why nothing goes through, and what to do; empty while all goes."""
    if found.state == BreakerState.CLOSED:
        return ""
    if found.next_try is None:
        return say(
            "The mail server did not accept the user name or password: {answer}. Messages wait, nothing is lost. "
            "Correct smtp.user and smtp.password, or esp.key; sending then goes on by itself.",
            answer=found.detail,
        )
    if found.reason in (FailReason.SERVER_REFUSED, FailReason.RECIPIENT_REFUSED):
        return say(
            "The mail server asks everybody to wait: {answer}. Messages wait, nothing is lost; it is tried "
            "again by itself.",
            answer=found.detail,
        )
    return say(
        "The mail server cannot be reached: {answer}. Messages wait, nothing is lost; it is tried again by "
        "itself. If that lasts, check smtp.host, smtp.port and smtp.security, or esp.options.",
        answer=found.detail,
    )


def _known(name: str) -> None:
    if name not in NAMES:
        raise NotFound(
            say("There is no channel {name!r}.", name=name), fix=say("Known are: {known}.", known=list(NAMES))
        )


def _breaker(row: ChannelState) -> Breaker:
    given = {name: getattr(row, name) for name in _FIELDS}
    return Breaker(**{**given, "state": BreakerState(row.state)})


def _save(row: ChannelState, made: Breaker, claim: str) -> None:
    for name in _FIELDS:
        setattr(row, name, getattr(made, name))
    row.trying = claim
    row.save()


def _mark(ws: Workspace) -> str:
    """Stands for the settings of the mail server or provider, without saying what they are."""
    key = ws.settings.server.secret.encode()
    return hmac.new(key, repr((ws.settings.smtp, ws.settings.esp)).encode(), hashlib.sha256).hexdigest()[:40]
