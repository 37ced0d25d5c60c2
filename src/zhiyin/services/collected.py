"""The records' side of a batch of events: traits, consents, identities, tallies, in one transaction and once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction

from zhiyin.adapters import clock
from zhiyin.adapters.records import hit, membership, profile
from zhiyin.adapters.records.models import Collected as CollectedRow
from zhiyin.adapters.records.models import Customer, Identity
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.consent import Consent as Answer
from zhiyin.domain.engagement import JUDGED
from zhiyin.domain.event import EMAIL_LINK_CLICKED, EMAIL_OPENED, Event
from zhiyin.domain.lifecycle import Lifecycle
from zhiyin.loop.collect.arrival import Arrival
from zhiyin.loop.profile.standing import Standing, moved, parted, stage
from zhiyin.services import consents, facts, listening, tallies
from zhiyin.services.shares import Understood
from zhiyin.services.workspace import Workspace

_TIMES = ("first_seen", "last_seen", "first_order_at", "last_order_at")
CONSENT_TRAIT = "email_consent"  # true or false: whether offers by e-mail are welcome
Keep = Callable[[Sequence[Event]], None]
_TIME, _NUMBER, _TEXT = pa.timestamp("us", "UTC"), pa.int64(), pa.string()
_MOVED = pa.schema(
    [("customer_id", _TEXT), ("created_at", _TIME)]
    + [
        (name, _TIME if name in _TIMES else _TEXT if name == "lifecycle" else _NUMBER)
        for name in profile.MOVED
    ]
)
_OWN_FIELDS = {"email": 254, "phone": 40, "name": 200, "language": 16}


def apply(
    ws: Workspace,
    version: int,
    arrived: Sequence[Arrival],
    result: Understood,
    keep: Keep,
) -> None:
    """Write what a batch says about people and sources; doing it again for the same version changes nothing.

    What follows from it for consents goes to ``keep`` as events, before the transaction ends: after a crash
    between the two they are told again, under the same ids.
    """
    with transaction.atomic():
        done, _ = CollectedRow.objects.select_for_update().get_or_create(pk=1, defaults={"version": 0})
        if done.version >= version:
            return
        touched = listening.touched(result)  # before those who are new here get their rows
        now = ws.now()
        answers = _publish_traits([event for _, event in result.identified], now)
        if answers:
            keep(consents.events(consents.take(answers)))
        _move(ws, result.events, now)
        profile.stir(_readers(result.events), now)
        _link(result.links, now)
        membership.touch(touched)
        hit.note(_hits(result.events), clock.system())
        tallies.add(result.received | result.became, result.last)
        tallies.add(tallies.replayed(arrived))
        done.version = version
        done.save()


def _publish_traits(events: Sequence[Event], now: datetime) -> list[Answer]:
    """Stated traits go to the customer's row, later ones over earlier ones; gives the answers among them."""
    stated: dict[str, list[Event]] = {}
    answers = []
    for event in sorted(events, key=lambda event: event.timestamp):
        customer_id, granted = event.customer_id or "", event.properties.get(CONSENT_TRAIT)
        if isinstance(granted, bool):
            answers.append(
                Answer(customer_id, consents.EMAIL, MARKETING, granted, event.source, event.timestamp)
            )
        stated.setdefault(customer_id, []).append(event)
    if not stated:
        return []
    known = Customer.objects.select_for_update().in_bulk(list(stated))
    for customer_id, said in stated.items():
        customer = known.get(customer_id) or Customer(
            customer_id=customer_id, created_at=said[0].timestamp, lifecycle=Lifecycle.LEAD
        )
        for event in said:
            _apply(customer, event)
        customer.moved_at = now
        known[customer_id] = customer
    Customer.objects.bulk_create(
        known.values(),
        update_conflicts=True,
        unique_fields=["customer_id"],
        update_fields=[*_OWN_FIELDS, "traits", "stated_at", "moved_at"],
    )
    return answers


def _apply(customer: Customer, event: Event) -> None:
    """Put what an event states into the customer's row; what comes late, or is repaired and sent again, does not go
    over what was stated since."""
    at, stated = event.timestamp.timestamp(), customer.stated_at
    for key, value in event.properties.items():
        own = key in _OWN_FIELDS
        if key == CONSENT_TRAIT or not (own or isinstance(value, str | int | float | bool)):
            continue
        name = key if own else _text(key)[:100]
        if stated.get(name, at) > at:
            continue
        stated[name] = at
        if own:
            text = _text(value or "").strip()[: _OWN_FIELDS[key]]
            setattr(customer, key, text.lower() if key == "email" else text)
        else:
            customer.traits[name] = _text(value) if isinstance(value, str) else value


def _text(value: object) -> str:
    return str(value).replace("\x00", "")  # PostgreSQL keeps no NUL


def _move(ws: Workspace, events: pa.Table, now: datetime) -> None:
    """Last seen of whom the events name, and orders, revenue and stage of those whose orders they move, at once; the
    rest waits for ``profiles.run``."""
    moving, seen = parted(events)
    profile.see(seen.sort_by("customer_id"), now)  # neighbours are written together
    if not moving.num_rows:
        return
    named = pc.unique(moving["customer_id"]).to_pylist()
    rules = ws.settings.profile.rules
    before, own = {}, {}
    for who, *known, gap in profile.standings(named):
        before[who] = _standing(*known)
        if rules.personal and gap:
            own[who] = gap
    after, usual = moved(before, moving), facts.gap_days(ws)
    rows = [
        (
            who, one.first_seen, one.first_seen, one.last_seen, one.first_order_at, one.last_order_at,
            one.orders, one.revenue, one.average_order_value, stage(one, now, own.get(who, usual), rules),
        )
        for who, one in sorted(after.items(), key=itemgetter(0))
    ]  # fmt: skip
    columns = zip(*rows, strict=True)
    profile.move(pa.table(dict(zip(_MOVED.names, map(list, columns), strict=True)), schema=_MOVED), now)


def _standing(
    first_seen: Any,
    last_seen: Any,
    first_order: Any,
    last_order: Any,
    orders: int,
    revenue: int,
    _: Any,
    stage: str,
) -> Standing:
    return Standing(first_seen, last_seen, first_order, last_order, orders, revenue, stage)


def _readers(events: pa.Table) -> list[str]:
    """Who opened or clicked. Deliveries alone wait for the next profiling: a campaign has too many of them."""
    read = pc.and_(pc.is_in(events["event"], pa.array(list(JUDGED))), pc.is_valid(events["customer_id"]))
    found: list[str] = pc.unique(events.filter(read)["customer_id"]).to_pylist()
    return found


def _hits(events: pa.Table) -> Iterator[tuple[str, str, datetime]]:
    """Hits on messages of customers: the message's token, the customer, and when."""
    named = pc.and_(
        pc.is_in(events["event"], pa.array([EMAIL_OPENED, EMAIL_LINK_CLICKED])),
        pc.is_valid(events["customer_id"]),
    )
    found = events.filter(named).select(["properties", "customer_id", "timestamp"])
    for row in found.to_pylist():
        if token := json.loads(row["properties"] or "{}").get("token"):
            yield token, row["customer_id"], row["timestamp"].replace(tzinfo=UTC)


def _link(links: Mapping[str, str], now: datetime) -> None:
    """Whom anonymous ids turned out to be; a customer known only by that gets a row."""
    if not links:
        return
    Customer.objects.bulk_create(
        [
            Customer(customer_id=who, created_at=now, lifecycle=Lifecycle.LEAD)
            for who in sorted(set(links.values()))
        ],
        ignore_conflicts=True,
    )
    Identity.objects.bulk_create(
        [
            Identity(anonymous_id=visitor, customer_id=who, since=now)
            for visitor, who in sorted(links.items())
        ],
        update_conflicts=True,
        unique_fields=["anonymous_id"],
        update_fields=["customer", "since"],
    )
