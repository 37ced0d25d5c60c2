"""Suppressions: addresses that must not be written to, listed, added, taken off, brought in and taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from django.db.models import Count, QuerySet

from zhiyin.adapters.records.models import Customer, Suppression
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.domain.event import SUPPRESSION_LIFTED, Event
from zhiyin.domain.reasons import SuppressReason
from zhiyin.domain.spreadsheet import cell
from zhiyin.domain.text import say
from zhiyin.loop import decide
from zhiyin.services import ingest
from zhiyin.services.workspace import Workspace

EMAIL = "email"
# the others are somebody's word
_LIFTABLE = (SuppressReason.MANUAL, SuppressReason.HARD_BOUNCE, SuppressReason.SOFT_BOUNCES)
_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the list, and how many there are in all."""

    rows: list[Suppression]
    total: int


def search(ws: Workspace, q: str = "", reason: str = "", page: int = 1, per_page: int = 50) -> Found:
    """Addresses that hold ``q``, the latest first. Of erased people only the number is known: see ``counts``."""
    rows = _listed()
    if q:
        rows = rows.filter(address__contains=q.strip().lower())
    if reason:
        rows = rows.filter(reason=reason)
    start = (page - 1) * per_page
    return Found(list(rows.order_by("-at", "pk")[start : start + per_page]), rows.count())


def counts(ws: Workspace) -> dict[str, int]:
    """How many addresses there are for each reason, those of erased people among them."""
    rows = Suppression.objects.filter(channel=EMAIL).order_by().values_list("reason").annotate(Count("pk"))
    found = dict(rows)
    return {reason.value: found[reason.value] for reason in SuppressReason if reason.value in found}


def add(ws: Workspace, address: str) -> bool:
    """Put an address on the list by hand; False if it stood there. Raises ``BadSetting`` if it is none."""
    plain = address.strip().lower()
    if not decide.is_address(plain):
        raise BadSetting(
            say("{address!r} cannot be an e-mail address.", address=address.strip()), fix=say("Correct it.")
        )
    _, made = Suppression.objects.get_or_create(
        channel=EMAIL, address=plain, defaults={"reason": SuppressReason.MANUAL, "at": ws.now()}
    )
    return made


def liftable(row: Suppression) -> bool:
    """Whether this one may be taken off by hand."""
    return row.reason in _LIFTABLE


def lift(ws: Workspace, address: str) -> None:
    """Take an address off the list. Raises ``Conflict`` where its owner put it there: only she takes it off."""
    plain = address.strip().lower()
    row = _listed().filter(address=plain).first()
    if row is None:
        raise NotFound(
            say("{address} is not on the list.", address=plain), fix=say("Look at how it is written.")
        )
    if not liftable(row):
        raise Conflict(
            say("{address} stays on the list.", address=plain),
            why=say("Its owner asked for no more messages."),
            fix=say("Only her own later yes takes it off: a sign-up, or a consent that is dated after it."),
        )
    now = ws.now()
    events = [
        Event(
            event_id=f"lifted:{row.pk}:{row.at.isoformat()}:{customer_id}",
            type="track",
            name=SUPPRESSION_LIFTED,
            timestamp=now,
            customer_id=customer_id,
            source="zhiyin",
            properties={"channel": EMAIL, "reason": row.reason},
        )
        for customer_id in Customer.objects.filter(email__iexact=plain).values_list("pk", flat=True)
    ]
    ingest.record(ws, events)  # first: an event too many is harmless, a lost one is not
    row.delete()


def publish(ws: Workspace, rows: pa.Table) -> int:
    """Put imported addresses on the list; returns how many are new. What stands there keeps its reason."""
    now = ws.now()
    wanted = rows.to_pylist()
    known = set(
        Suppression.objects.filter(channel=EMAIL, address__in=[row["address"] for row in wanted]).values_list(
            "address", flat=True
        )
    )
    fresh = [
        Suppression(
            channel=EMAIL,
            address=row["address"],
            reason=row["reason"],
            at=now if row["at"] is None else row["at"].replace(tzinfo=UTC),
        )
        for row in wanted
        if row["address"] not in known
    ]
    Suppression.objects.bulk_create(fresh, batch_size=1_000, ignore_conflicts=True)
    return len(fresh)


def lines(ws: Workspace, reason: str = "") -> Iterator[tuple[str, str, datetime]]:
    """Every address with its reason and since when, safe for spreadsheets; what ``zhiyin import`` takes back."""
    rows = _listed().filter(reason=reason) if reason else _listed()
    for address, why, at in rows.order_by("address").values_list("address", "reason", "at").iterator(_CHUNK):
        yield str(cell(address)), why, at.astimezone(UTC)


def _listed() -> QuerySet[Suppression]:
    return Suppression.objects.filter(channel=EMAIL).exclude(reason=SuppressReason.ERASED)
