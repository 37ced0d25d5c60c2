"""Customers: find them, show one, tell what happened to them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import narwhals as nw
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from zhiyin.adapters.lake.rows import event_of
from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.models import Campaign, Consent, Customer, Decision, Message, Segment
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.engagement import JUDGED
from zhiyin.domain.errors import NotFound
from zhiyin.domain.event import (
    CONTACT_REVEALED,
    EMAIL_BOUNCED,
    EMAIL_DELIVERED,
    EMAIL_LINK_CLICKED,
    EMAIL_MARKED_AS_SPAM,
    EMAIL_OPENED,
    MESSAGE_DECIDED,
    MESSAGE_REFUSED,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    SEGMENT_ENTERED,
    SEGMENT_EXITED,
    SUPPRESSION_LIFTED,
    UNSUBSCRIBED,
    Event,
)
from zhiyin.domain.text import say
from zhiyin.loop.collect.order_ids import GUEST
from zhiyin.services import engagements, ingest
from zhiyin.services.workspace import Workspace

SORTS = ("name", "orders", "revenue", "last_order_at")
_IN_LEDGER = (MESSAGE_DECIDED, MESSAGE_REFUSED, EMAIL_DELIVERED)  # the ledger's row tells these, with more
_HITS = (
    EMAIL_OPENED,
    EMAIL_LINK_CLICKED,
)  # each says by whom, so that what was judged of them is not told again
_MOVES = (SEGMENT_ENTERED, SEGMENT_EXITED)

_SHOWN = {
    "orders": (ORDER_COMPLETED, ORDER_REFUNDED, ORDER_CANCELLED),
    "messages": (
        EMAIL_OPENED,
        EMAIL_LINK_CLICKED,
        EMAIL_BOUNCED,
        EMAIL_MARKED_AS_SPAM,
        UNSUBSCRIBED,
        SUPPRESSION_LIFTED,
    ),
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of customers; ``may_email`` holds the ids of those among them who agreed to offers."""

    rows: Sequence[Customer]
    total: int
    page: int
    pages: int
    may_email: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline: an event, or a planned message with its decision."""

    at: datetime
    event: Event | None = None
    by: str = ""  # who opened or clicked: human, unknown or machine
    message: Message | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Entries, newest first, and the ``before`` that continues them; None at the end."""

    entries: Sequence[Entry]
    older: str | None = None
    items: Mapping[str, Any] = field(default_factory=dict)


def search(
    ws: Workspace,
    q: str = "",
    stage: str = "",
    segment: str = "",
    consent: str = "",
    sort: str = "",
    page: int = 1,
    per_page: int = 50,
    *,
    r: int | None = None,
    f: int | None = None,
) -> Page:
    """Customers whose name, e-mail, phone or id holds ``q``, within the filters.

    ``consent`` is ``yes``, ``no`` or ``none`` for offers by e-mail; ``sort`` one of ``SORTS``, a minus in
    front turns it round; ``r`` and ``f`` are RFM quintiles. A page beyond the last gives the last.
    """
    found = _filtered(ws, q.strip(), stage, segment, consent, r, f)
    total = found.count()
    pages = max(1, -(-total // per_page))
    page = min(max(1, page), pages)
    rows = list(found.order_by(*_order(sort))[(page - 1) * per_page : page * per_page])
    agreed = Consent.objects.filter(
        customer__in=[row.customer_id for row in rows], channel="email", purpose=MARKETING, granted=True
    )
    return Page(rows, total, page, pages, frozenset(agreed.values_list("customer_id", flat=True)))


def get(ws: Workspace, customer_id: str) -> Customer:
    """One customer. Raises ``NotFound``."""
    try:
        return Customer.objects.get(pk=customer_id)
    except Customer.DoesNotExist:
        raise NotFound(
            say("There is no customer {customer_id!r}.", customer_id=customer_id),
            fix=say("Search by name, e-mail or id."),
        ) from None


def reveal(ws: Workspace, customer_id: str, by: str) -> Customer:
    """A customer whose contact data somebody wants to read; that they did is an event of the customer."""
    customer = get(ws, customer_id)
    shown = Event(
        event_id=f"revealed:{uuid.uuid4().hex}",
        type="track",
        name=CONTACT_REVEALED,
        timestamp=ws.now(),
        customer_id=customer_id,
        source="console",
        properties={"by": by},
    )
    ingest.record(ws, [shown])
    return customer


def consents(ws: Workspace, customer_id: str) -> list[Consent]:
    """The latest word of a customer for each channel and purpose."""
    return list(Consent.objects.filter(customer=customer_id).order_by("channel", "purpose"))


def timeline(
    ws: Workspace, customer_id: str, before: datetime | None = None, limit: int = 30, *, show: str = ""
) -> Timeline:
    """What happened to a customer, newest first: events of the lake, and messages sent or not, with why.

    ``show`` narrows to ``orders`` or ``messages``. Entries of one instant are never split between two pages.
    """
    messages = [] if show == "orders" else _messages(customer_id, before, limit)
    entries = sorted(
        [*_events(ws, customer_id, before, limit, _SHOWN.get(show, ())), *messages],
        key=lambda entry: entry.at,
        reverse=True,
    )
    shown = entries[:limit]
    for entry in entries[limit:]:
        if entry.at != shown[-1].at:
            break
        shown.append(entry)
    shown = _judged(ws, customer_id, shown)
    older = shown[-1].at.isoformat() if len(entries) > len(shown) else None
    return Timeline(shown, older, _items(ws, shown))


def campaigns(entries: Sequence[Entry]) -> dict[str, str]:
    """The names of the campaigns that these events belong to, by key."""
    keys = {entry.event.campaign for entry in entries if entry.event and entry.event.campaign}
    return dict(Campaign.objects.filter(key__in=keys).values_list("key", "name"))


def segments(entries: Sequence[Entry]) -> dict[str, tuple[str, str]]:
    """Key and name of the segment that was entered or left, by the event that tells so."""
    moves = (entry.event for entry in entries if entry.event and entry.event.name in _MOVES)
    keys = {event.event_id: str(event.properties.get("segment", "")) for event in moves}
    names = dict(Segment.objects.filter(key__in=set(keys.values())).values_list("key", "name"))
    return {event_id: (key, names[key]) for event_id, key in keys.items() if key in names}


def _filtered(
    ws: Workspace, q: str, stage: str, segment: str, consent: str, r: int | None, f: int | None
) -> QuerySet[Customer]:
    found = Customer.objects.all()
    if q:
        found = found.filter(
            Q(name__icontains=q)
            | Q(email__icontains=q)
            | Q(customer_id__istartswith=q)
            | Q(phone__contains=q)
        )
    if stage:
        found = found.filter(lifecycle=stage)
    if r is not None:
        found = found.filter(r=r)
    if f is not None:
        found = found.filter(f=f)
    if consent:
        stated = Consent.objects.filter(customer=OuterRef("pk"), channel="email", purpose=MARKETING)
        if consent == "none":
            found = found.exclude(Exists(stated))
        else:
            found = found.filter(Exists(stated.filter(granted=consent == "yes")))
    if segment:
        from zhiyin.services import segments

        ids = segments.members(ws, segments.get(ws, segment).rule)
        found = found.filter(pk__in=_listed(ids))
    return found


def _listed(ids: Sequence[str]) -> RawSQL:
    # one parameter, since a long IN list exceeds what SQLite takes
    if connection.vendor == "sqlite":
        return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(ids)])
    return RawSQL("SELECT jsonb_array_elements_text(%s::jsonb)", [json.dumps(ids)])


def _order(sort: str) -> tuple[Any, ...]:
    name = sort.removeprefix("-")
    if name not in SORTS:
        return (F("last_order_at").desc(nulls_last=True), "customer_id")
    column = F(name)
    first = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    return (first, "customer_id")


def _events(
    ws: Workspace, customer_id: str, before: datetime | None, limit: int, names: Sequence[str]
) -> list[Entry]:
    if ws.lake.table("events") is None:
        return []
    theirs = nw.col("customer_id") == customer_id
    if visitors := erasure.visitors(customer_id):  # what they did before they said who they are
        theirs = theirs | (nw.col("customer_id").is_null() & nw.col("anonymous_id").is_in(visitors))
    frame = ws.lake.events().filter(theirs, ~nw.col("event").is_in([*_IN_LEDGER, *JUDGED]))
    if names:
        frame = frame.filter(nw.col("event").is_in(list(names)))
    if before is not None:
        frame = frame.filter(nw.col("timestamp") < before.astimezone(UTC).replace(tzinfo=None))
    rows = ws.lake.collect(frame.sort("timestamp", "event_id", descending=True).head(limit + 50)).to_pylist()
    ids = {row["event_id"] for row in rows}  # an order is told once, also where she made it as a guest first
    told = [row for row in rows if row["event_id"] not in {f"{GUEST}{one}" for one in ids}]
    return [Entry(event.timestamp, event=event) for event in map(event_of, told)]


def _judged(ws: Workspace, customer_id: str, entries: list[Entry]) -> list[Entry]:
    """The entries, opens and clicks with whom they were by."""
    if not any(entry.event is not None and entry.event.name in _HITS for entry in entries):
        return entries
    kinds = {
        touch.event_id: touch.kind for letter in engagements.of(ws, customer_id) for touch in letter.touches
    }
    return [
        replace(entry, by=kinds.get(entry.event.event_id, "")) if entry.event is not None else entry
        for entry in entries
    ]


def _messages(customer_id: str, before: datetime | None, limit: int) -> list[Entry]:
    rows = Message.objects.filter(customer_id=customer_id).select_related("campaign", "decision")
    entries = []
    for row in rows.order_by("-planned_at")[: 10 * limit]:
        at = row.finished_at or row.handed_over_at or row.planned_at
        if before is None or at < before:
            entries.append(Entry(at, message=row, decision=getattr(row, "decision", None)))
    return entries


def _items(ws: Workspace, entries: Sequence[Entry]) -> Mapping[str, Any]:
    from zhiyin.services import catalogue

    wanted = {line.item_id for entry in entries if entry.event for line in entry.event.products}
    wanted |= {item_id for entry in entries if entry.message for item_id in entry.message.items}
    return catalogue.items(ws, sorted(wanted)) if wanted else {}
