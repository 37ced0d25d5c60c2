"""Imported customers → records, set-based; consents are kept beside them and told to the lake."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from django.db import transaction

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Consent, Customer
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.consent import Consent as Answer
from zhiyin.domain.event import Event
from zhiyin.services import consents
from zhiyin.services.consents import EMAIL
from zhiyin.services.workspace import Workspace

SOURCE = "import"
_CHUNK = 5000
_FIELDS = ("email", "phone", "name", "language", "created_at")


def publish(
    ws: Workspace, rows: pa.Table, *, import_id: str, consent: bool | None = None, fingerprint: str = ""
) -> int:
    """Add or change customers, distinct by id; returns how many rows were new or changed anything.

    Empty cells leave what is known. An answer with a date counts where it is the later one. Without a date, a
    yes of a file never overrides a no that the customer gave elsewhere.
    """
    now = ws.now()
    changed = 0
    for start in range(0, rows.num_rows, _CHUNK):
        chunk = rows.slice(start, _CHUNK).to_pylist()
        # first the lake's turn, then the records: nobody may wait for it while holding the records
        with ws.lake.writing(), transaction.atomic():
            touched = _customers(chunk, now)
            taken = consents.take(_answers(chunk, consent, now))
            _tell(ws, consents.events(taken, fingerprint or import_id), import_id, now)
        changed += len(touched | {one.answer.customer_id for one in taken if one.changed or one.lifted})
    return changed


def _customers(chunk: Sequence[dict[str, Any]], now: datetime) -> set[str]:
    known = Customer.objects.select_for_update().in_bulk([row["customer_id"] for row in chunk])
    fresh: list[Customer] = []
    changed: list[Customer] = []
    for row in chunk:
        before = known.get(row["customer_id"])
        customer = before or Customer(customer_id=row["customer_id"])
        if _apply(customer, row) and before is not None:
            customer.moved_at = now
            changed.append(customer)
        if before is None:
            fresh.append(customer)
    Customer.objects.bulk_create(fresh, batch_size=1000)
    if changed:
        Customer.objects.bulk_create(
            changed,
            batch_size=1000,
            update_conflicts=True,
            unique_fields=["customer_id"],
            update_fields=[*_FIELDS, "traits", "moved_at"],
        )
    return {customer.customer_id for customer in [*fresh, *changed]}


def _apply(customer: Customer, row: dict[str, Any]) -> bool:
    """Put what the row says into the customer; whether that changed anything."""
    changed = False
    for name in _FIELDS:
        value = row[name]
        if isinstance(value, datetime):
            value = value.replace(tzinfo=UTC)
        if value is not None and value != getattr(customer, name):
            setattr(customer, name, value)
            changed = True
    traits = {**customer.traits, **{k: _typed(v) for k, v in json.loads(row["traits"]).items()}}
    if traits != customer.traits:
        customer.traits = traits
        changed = True
    return changed


def _typed(value: str) -> Any:
    """A trait as a number or truth where it is written like one, so that rules can compare it."""
    if value in ("true", "false"):
        return value == "true"
    if (
        value.lstrip("-").isascii()
        and value.lstrip("-").isdigit()
        and len(value) < 16
        and str(int(value)) == value
    ):
        return int(value)
    try:
        number = float(value)
    except ValueError:
        return value
    return (
        number if value[-1:].isdigit() and "." in value and abs(number) < 1e15 and "_" not in value else value
    )


def _answers(chunk: Sequence[dict[str, Any]], consent: bool | None, now: datetime) -> list[Answer]:
    """What the rows say of consent; those without a date only where they say something else than is known."""
    stated = {
        row["customer_id"]: (answer, row["consent_at"])
        for row in chunk
        if (answer := row["consent"] if row["consent"] is not None else consent) is not None
    }
    known = {
        row.customer_id: row
        for row in Consent.objects.filter(customer_id__in=stated, channel=EMAIL, purpose=MARKETING)
    }
    answers = []
    for customer_id, (granted, at) in stated.items():
        before = known.get(customer_id)
        refused_elsewhere = before is not None and not before.granted and before.source != SOURCE
        if at is None and ((before and before.granted == granted) or (granted and refused_elsewhere)):
            continue
        when = at.replace(tzinfo=UTC) if at else now
        answers.append(Answer(customer_id, EMAIL, MARKETING, granted, SOURCE, when))
    return answers


def _tell(ws: Workspace, events: Sequence[Event], import_id: str, now: datetime) -> None:
    """Consent changes are events too. Written inside the transaction of the rows, under ids that follow from
    the files, so that a run that is repeated after a crash tells them once."""
    if not events:
        return
    first = hashlib.blake2b(events[0].event_id.encode(), digest_size=8).hexdigest()
    ws.lake.append_new(
        "events",
        events_to_table(events, timezone=ws.timezone, received_at=now),
        app_id=f"import:{import_id}:consents:{first}",
        version=1,
    )
