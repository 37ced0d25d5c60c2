"""A small shop whose segments are live: events come in, the clock moves on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from zhiyin.adapters.records.models import Membership, Touched, Transition, Wake
from zhiyin.domain.event import Event
from zhiyin.services import ingest, memberships, segments
from zhiyin.services.workspace import Workspace

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)  # twelve o'clock in Shanghai


class Day:
    """A clock that one can move on, and a number for each event."""

    def __init__(self, ws: Workspace, now: datetime = NOON) -> None:
        self.now, self.events = now, 0
        self.ws = replace(ws, now=lambda: self.now)

    def segment(self, key: str, rule: str) -> None:
        """A live segment, settled."""
        segments.create(self.ws, key, key, rule)
        memberships.settle(self.ws, [key])

    def happens(
        self, name: str, customer: str = "ann", *, ago: timedelta = timedelta(), **given: object
    ) -> None:
        """An event reaches the lake and the records."""
        self.events += 1
        kind = "identify" if name == "identify" else "track"
        amount = given.pop("amount", None)
        at = self.now - ago
        event = Event(f"e{self.events}", kind, name, at, customer, properties=given, amount=amount)  # type: ignore[arg-type]
        ingest.record(self.ws, [event])
        self.drain()

    def drain(self) -> None:
        """All that waits in the spool moves on."""
        self.ws.spool.close()
        while ingest.drain(self.ws):
            pass

    def later(self, **span: float) -> None:
        """The clock moves on, and the worker has a look."""
        self.now += timedelta(**span)
        self.work()

    def work(self) -> int:
        """Rounds of the worker until there is nothing left to do."""
        done = 0
        while now := memberships.round(self.ws):
            done += now
            self.drain()
        return done

    def inside(self, key: str) -> list[str]:
        """Who is in a segment."""
        return memberships.members(self.ws, key)

    def told(self) -> list[tuple[str, str, str]]:
        """Events of the lake about who entered what and left what."""
        rows = self.ws.lake.collect(self.ws.lake.events(["segment"])).to_pylist()
        return sorted(
            (row["event"].removeprefix("Segment "), row["property_segment"], row["customer_id"])
            for row in rows
            if row["event"].startswith("Segment ")
        )


def held(customer_ids: Iterable[str]) -> int:
    """Rows about these customers in the tables of live membership."""
    return sum(
        model._default_manager.filter(customer_id__in=list(customer_ids)).count()
        for model in (Membership, Touched, Transition, Wake)
    )
