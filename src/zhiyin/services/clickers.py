"""Clickers: who followed a link of a campaign, and a segment of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from zhiyin.adapters.records.among import among
from zhiyin.adapters.records.erasure import NAMELESS
from zhiyin.adapters.records.models import Campaign, Customer, Message, Segment
from zhiyin.domain.event import EMAIL_LINK_CLICKED
from zhiyin.services import campaigns, keys, opens, outcomes, segments
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Clicker:
    """One customer who followed a link: the message they have it from, how often, and when first."""

    customer_id: str
    name: str
    token: str
    clicks: int
    at: datetime | None


def of(ws: Workspace, key: str, url: str) -> list[Clicker]:
    """The people who followed a link of a campaign, the quickest first; machines are left out.

    Raises ``NotFound`` for an unknown campaign.
    """
    row, now = campaigns.get(ws, key), ws.now()
    starts = outcomes.of(ws, [row], now)[row.key].starts
    found = opens.followers(ws, key, url, starts, now) if starts else []
    ledger = {
        token: (customer_id, at)
        for token, customer_id, at in among(
            Message, "token", {one.token for one in found}, "token", "customer_id", "finished_at"
        )
    }
    ids = {customer_id for customer_id, _ in ledger.values()}
    names = dict(among(Customer, "customer_id", ids, "customer_id", "name"))
    people = []
    for one in found:
        customer_id, delivered = ledger.get(one.token, (NAMELESS[0], None))
        if customer_id.startswith(NAMELESS):
            continue  # erased since
        at = delivered + timedelta(seconds=one.after) if delivered and one.after is not None else None
        people.append(Clicker(customer_id, names.get(customer_id) or customer_id, one.token, one.clicks, at))
    return people


def rule(key: str, url: str) -> dict[str, Any]:
    """The rule of a segment of those: whose message a person clicked, and in whose message this link was followed."""
    where = [{"property": "campaign", "is": key}, {"property": "url", "is": url}]
    return {
        "all": [{"engaged": "clicked", "campaign": key}, {"did": EMAIL_LINK_CLICKED, "where": where}],
    }


def save(ws: Workspace, key: str, url: str, name: str) -> Segment:
    """Make a segment of those who followed a link. Raises ``NotFound`` for an unknown campaign."""
    row: Campaign = campaigns.get(ws, key)
    taken = set(Segment.objects.values_list("key", flat=True))
    called = " ".join(name.split())[:120] or row.name
    return segments.create(ws, keys.free(called, taken, "clicked"), called, rule(key, url))
