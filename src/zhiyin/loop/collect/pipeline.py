"""arrivals → events, rejects and duplicates, by a tuple of named steps; nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from zhiyin.domain.event import Event
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.amounts import amounts
from zhiyin.loop.collect.arrival import Arrival
from zhiyin.loop.collect.bots import bots, pace
from zhiyin.loop.collect.cleaning import cleaning
from zhiyin.loop.collect.clock import clock
from zhiyin.loop.collect.consent import consent
from zhiyin.loop.collect.draft import Draft, reject
from zhiyin.loop.collect.duplicates import duplicates
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.identity import identity
from zhiyin.loop.collect.origin import origin
from zhiyin.loop.collect.sessions import sessions
from zhiyin.loop.collect.shape import names, shape, size

Step = Callable[[Draft, Facts], Draft | Reject]

# ``shape`` makes the draft, before them all
PIPELINE: tuple[Step, ...] = (
    size,
    names,
    clock,
    bots,
    consent,
    cleaning,
    amounts,
    duplicates,
    pace,
    origin,
    sessions,
    identity,
)


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of a batch: ``len(events) + len(rejects) + len(duplicates)`` arrivals.

    ``stages`` goes from the name of a step to how many came in, went on, and were refused. ``tallies`` counts
    by source, hour of receipt and outcome: ``received``, ``kept``, or the reason of a refusal.
    """

    events: list[Event]
    rejects: list[Reject]
    duplicates: list[Reject]
    stages: dict[str, tuple[int, int, int]]
    tallies: dict[tuple[str, datetime, str], int]


def run(arrivals: Iterable[Arrival], facts: Facts) -> Collected:
    """Take every arrival through the pipeline. No payload makes it raise.

    Events of our own are checked for duplicates only.
    """
    events: list[Event] = []
    rejects: list[Reject] = []
    duplicates: list[Reject] = []
    tally = _Tally()
    refused = [0] * (1 + len(PIPELINE))
    own = total = 0
    new_ids, seen = facts.memory.new_ids, facts.memory.seen
    for arrival in arrivals:
        total += 1
        if arrival.event is not None:
            event = arrival.event
            own += 1
            if event.event_id in new_ids or event.event_id in seen:
                duplicates.append(reject(arrival, RejectReason.DUPLICATE, ""))
                tally.count(arrival, RejectReason.DUPLICATE)
            else:
                new_ids[event.event_id] = None
                events.append(event)
                tally.count(arrival, "kept")
            continue
        number = 0
        result = shape(arrival)
        if type(result) is Draft:
            for number, step in enumerate(PIPELINE, 1):  # noqa: B007 - says who refused
                result = step(result, facts)
                if type(result) is not Draft:
                    break
            else:
                new_ids[result.event_id] = None
                events.append(result.event())
                tally.count(arrival, "kept")
                continue
        refused[number] += 1
        assert isinstance(result, Reject)
        (duplicates if result.reason is RejectReason.DUPLICATE else rejects).append(result)
        tally.count(arrival, result.reason)
    return Collected(events, rejects, duplicates, _stages(total - own, refused), tally.counts)


class _Tally:
    """Counts by source, hour and outcome; arrivals of one request share their hour."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, datetime, str], int] = {}
        self._at: datetime | None = None
        self._hour: datetime

    def count(self, arrival: Arrival, outcome: str) -> None:
        if arrival.received_at is not self._at:
            self._at = arrival.received_at
            self._hour = arrival.received_at.replace(minute=0, second=0, microsecond=0)
        counts = self.counts
        for what in ("received", str(outcome)):
            key = (arrival.source, self._hour, what)
            counts[key] = counts.get(key, 0) + 1


def _stages(total: int, refused: list[int]) -> dict[str, tuple[int, int, int]]:
    stages = {}
    for step, out in zip(("shape", *(step.__name__ for step in PIPELINE)), refused, strict=True):
        stages[step] = (total, total - out, out)
        total -= out
    return stages
