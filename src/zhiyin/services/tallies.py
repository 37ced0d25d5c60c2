"""Tallies: how many events came from where in each hour, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import close_old_connections, transaction
from django.db.models import F

from zhiyin.adapters.records.models import Tally
from zhiyin.loop.collect.arrival import Arrival
from zhiyin.services.shares import RECEIVED, Key
from zhiyin.services.workspace import Workspace

KEPT = "kept"
DOOR, HTTP = "", "http_"  # the source and the outcomes of requests that were refused before anything was kept


def add(counts: Mapping[Key, int], last: Mapping[Key, datetime] | None = None) -> None:
    """Add to what was counted before, within the caller's transaction."""
    for key, events in sorted(counts.items()):
        source, at, outcome = key
        row = {"source": source[:100], "hour": at, "outcome": str(outcome)}
        change = {"events": F("events") + events}
        if last and key in last:
            change["last_at"] = last[key]  # batches come in order
        if not Tally.objects.filter(**row).update(**change):
            Tally.objects.get_or_create(**row, defaults={"events": 0})
            Tally.objects.filter(**row).update(**change)


def replayed(arrived: Iterable[Arrival]) -> dict[Key, int]:
    """What replays take away from the rejected of the hours in which they came first.

    Their new outcome is counted there too, so that what was received stays what it was. Where nothing was
    counted under the name of the source, as after a new name, they count as received under the old one.
    """
    left = Counter((one.source, hour(one.received_at), one.again.reason) for one in arrived if one.again)
    change: Counter[Key] = Counter()
    for (source, at, reason), events in left.items():
        row = Tally.objects.filter(source=source[:100], hour=at, outcome=reason, events__gte=events)
        if row.exists():
            change[source, at, reason] -= events
        else:
            change[source, at, RECEIVED] += events
    return dict(change)


def refused(ws: Workspace, counts: Mapping[int, int]) -> None:
    """Note requests that the tracking API refused, by HTTP status. Called outside Django's requests, so it gives
    its connection back itself."""
    at = hour(ws.now())
    try:
        with transaction.atomic():
            add({(DOOR, at, f"{HTTP}{status}"): n for status, n in counts.items()})
    finally:
        close_old_connections()


def hour(at: datetime) -> datetime:
    """The full hour in which a moment lies."""
    return at.replace(minute=0, second=0, microsecond=0)
