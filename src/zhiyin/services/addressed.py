"""Addressed: one message to one address, planned for itself and not for a segment."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from zhiyin.adapters.records.erasure import stranger
from zhiyin.adapters.records.message import domain_of
from zhiyin.adapters.records.models import Customer, Message
from zhiyin.domain.decision import SEND
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.program import Program
from zhiyin.loop import decide
from zhiyin.services import decisions, gate
from zhiyin.services.workspace import Workspace


def plan(
    ws: Workspace,
    program: Program,
    address: str,
    *,
    occurrence: str,
    customer_id: str = "",
    data: Mapping[str, Any] | None = None,
    language: str = "",
    versions: Mapping[str, str] | None = None,
) -> Message:
    """Write the ledger row and the decision of one message; the worker sends it, unless the gate refuses now.

    ``occurrence`` tells two of them to the same address apart: planned again with the same one, the first is
    returned. Without a ``customer_id`` it is the customer of that address, else nobody we know. ``language`` is asked for
    whatever the customer's own is.
    """
    now = ws.now()
    who = customer_id or owner(address)
    row = Message(
        token=uuid.uuid4().hex,
        program=program.name,
        customer_id=who,
        occurrence=occurrence,
        campaign_id=program.campaign_id,
        status=MessageStatus.PLANNED,
        address=address,
        domain=domain_of(address),
        data=dict(data or {}),
        language=language,
        planned_at=now,
        due_at=now,
    )
    (contact,) = gate.of_rows([row]).values()
    facts = decide.check(contact, gate.policy(ws, program.name))
    made = decide.decide(who, facts, share=0.0, seed="", versions=versions or {})
    if made.choice != SEND:
        row.status, row.reason, row.address, row.domain = MessageStatus.REFUSED, made.reason, "", ""
        row.finished_at, row.data = now, None
    try:
        with transaction.atomic():
            row.save()
            decisions.row(row, made, now).save()
    except IntegrityError:
        first = Message.objects.filter(program=program.name, customer_id=who, occurrence=occurrence).first()
        if first is None:
            raise
        return first
    return row


def owner(address: str) -> str:
    """The customer of an address; where it is nobody's, or several people's, a name that stands for the address."""
    plain = address.strip()
    found = list(
        Customer.objects.filter(email__in={plain, plain.lower()}).values_list("customer_id", flat=True)[:2]
    )
    return found[0] if len(found) == 1 else stranger(plain)
