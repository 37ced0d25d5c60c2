"""arrivals → events, rejects and duplicates, by a tuple of named steps; nothing is lost on the way.

A ``Run`` tells early whom it has to know something about, and goes as far as it can before it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

from zhiyin.domain.event import Event
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect import order_ids
from zhiyin.loop.collect.amounts import amounts
from zhiyin.loop.collect.arrival import Arrival, person_id
from zhiyin.loop.collect.bots import bots, pace
from zhiyin.loop.collect.cleaning import cleaning
from zhiyin.loop.collect.clock import clock
from zhiyin.loop.collect.consent import consent, hushed
from zhiyin.loop.collect.draft import Draft, reject
from zhiyin.loop.collect.duplicates import duplicates
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.identity import identity
from zhiyin.loop.collect.origin import origin
from zhiyin.loop.collect.sessions import sessions
from zhiyin.loop.collect.shape import names, shape, size

Step = Callable[[Draft, Facts], Draft | Reject]

# ``shape`` makes the draft, before them all
# what a payload says by itself, in the shop's currency and zone
ALONE: tuple[Step, ...] = (size, names, clock, bots, cleaning, amounts, origin)
# what it says to somebody who knows its person, and what came before
KNOWING: tuple[Step, ...] = (consent, duplicates, pace, sessions, identity)
PIPELINE = (*ALONE, *KNOWING)


_HOUR = timedelta(hours=1)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of a batch: ``len(events) + len(rejects) + len(duplicates)`` arrivals.

    ``stages`` goes from the name of a step to how many came in, went on, and were refused. ``tallies``
    counts by source, hour of receipt and outcome: ``received``, ``kept``, or the reason of a refusal.
    ``kept`` are what the events came as.
    """

    events: list[Event]
    rejects: list[Reject]
    duplicates: list[Reject]
    stages: dict[str, tuple[int, int, int]]
    tallies: dict[tuple[str, datetime, str], int]
    kept: list[Arrival]


class Asked(NamedTuple):
    """Ids of messages, of what happens to orders, of persons, and of the visitors among them, under which visits are
    remembered."""

    messages: set[str]
    orders: set[str]
    persons: set[str]
    visitors: set[str]


def run(arrivals: Sequence[Arrival], facts: Facts) -> Collected:
    """Take every arrival through the pipeline. No payload makes it raise."""
    return Run(arrivals).finish(facts)


class Run:
    """Arrivals on their way through the pipeline, at first as drafts of their shape."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self._arrivals = arrivals
        # None for events of our own, which need no understanding
        self._drafts = [shape(one) if one.event is None else None for one in arrivals]
        self._refused: dict[Callable[..., Draft | Reject], int] = dict.fromkeys((shape, *PIPELINE), 0)
        self._refused[shape] = sum(1 for one in self._drafts if type(one) is Reject)
        self._begun = False

    def asked(self) -> Asked:
        """Whom and what to look up before ``finish``."""
        messages: set[str] = set()
        orders: set[str] = set()
        persons: set[str | None] = set()
        visitors: set[str | None] = set()
        for arrival, draft in zip(self._arrivals, self._drafts, strict=True):
            payload = arrival.payload
            if type(draft) is Draft:
                messages.add(draft.event_id)
                persons.add(draft.customer_id)
                visitors.add(draft.anonymous_id)
                if draft.type == "alias":
                    persons.add(person_id(payload.get("previousId")))
                properties = payload.get("properties")
                if type(properties) is dict and "order_id" in properties:
                    orders.update(order_ids.asked(payload, properties))
            elif arrival.event is not None:
                messages.add(arrival.event.event_id)
                persons.add(arrival.event.customer_id)
            elif type(payload) is dict:  # a refusal must not tell of who does not want to be tracked
                persons.add(person_id(payload.get("userId")))
                persons.add(person_id(payload.get("anonymousId")))
        visitors.discard(None)
        persons |= visitors
        persons.discard(None)
        return Asked(messages, orders, cast(set[str], persons), cast(set[str], visitors))

    def begin(self, shop: Facts) -> None:
        """Take the steps that need to know nothing but the ``shop``; once."""
        if self._begun:
            return
        self._begun = True
        for number, draft in enumerate(self._drafts):
            result = draft
            if type(result) is Draft:
                for step in ALONE:
                    result = step(result, shop)
                    if type(result) is not Draft:
                        self._refused[step] += 1
                        self._drafts[number] = result
                        break

    def finish(self, facts: Facts) -> Collected:
        """Take the other steps; once, since the drafts are filled in.

        Duplicates of events of our own, and those of who was erased since, are refused.
        """
        self.begin(facts)
        events: list[Event] = []
        rejects: list[Reject] = []
        duplicates: list[Reject] = []
        kept: list[Arrival] = []
        tallies: dict[tuple[str, datetime], dict[str, int]] = {}
        source, begins, ends = "", _NEVER, _NEVER
        own = 0
        new_ids, seen = facts.memory.new_ids, facts.memory.seen
        for arrival, draft in zip(self._arrivals, self._drafts, strict=True):
            if not begins <= arrival.received_at < ends or arrival.source != source:
                source, at = arrival.source, arrival.received_at
                begins = at.replace(minute=0, second=0, microsecond=0)
                ends = begins + _HOUR
                tally = tallies.setdefault((source, begins), {})
            if arrival.event is not None:
                event = arrival.event
                own += 1
                if event.event_id in new_ids or event.event_id in seen:
                    duplicates.append(reject(arrival, RejectReason.DUPLICATE, ""))
                    _count(tally, RejectReason.DUPLICATE)
                elif facts.erased and _erased(event, facts):
                    rejects.append(reject(arrival, RejectReason.ERASED, ""))
                    _count(tally, RejectReason.ERASED)
                else:
                    new_ids[event.event_id] = None
                    events.append(event)
                    kept.append(arrival)
                    _count(tally, "kept")
                continue
            result = draft
            if type(result) is Draft:
                for step in KNOWING:
                    result = step(result, facts)
                    if type(result) is not Draft:
                        self._refused[step] += 1
                        break
                else:
                    new_ids[result.event_id] = None
                    events.append(result.event())
                    kept.append(arrival)
                    _count(tally, "kept")
                    continue
            assert isinstance(result, Reject)
            result = hushed(result, arrival, facts)
            (duplicates if result.reason is RejectReason.DUPLICATE else rejects).append(result)
            _count(tally, result.reason)
        stages = _stages(len(self._arrivals) - own, self._refused)
        return Collected(events, rejects, duplicates, stages, _flat(tallies), kept)


def _erased(event: Event, facts: Facts) -> bool:
    at = facts.erased.get(event.customer_id or "")
    return at is not None and event.timestamp <= at


def _count(tally: dict[str, int], outcome: str) -> None:
    tally[outcome] = tally.get(outcome, 0) + 1


def _flat(tallies: dict[tuple[str, datetime], dict[str, int]]) -> dict[tuple[str, datetime, str], int]:
    flat = {}
    for (source, hour), tally in tallies.items():
        flat[source, hour, "received"] = sum(tally.values())
        flat |= {(source, hour, str(outcome)): n for outcome, n in tally.items()}
    return flat


def _stages(
    total: int, refused: Mapping[Callable[..., Draft | Reject], int]
) -> dict[str, tuple[int, int, int]]:
    stages = {}
    for step, out in refused.items():
        stages[step.__name__] = (total, total - out, out)
        total -= out
    return stages
