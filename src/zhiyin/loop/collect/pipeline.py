"""arrivals → events, rejects and duplicates, by a tuple of named steps; nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from zhiyin.domain.event import Event
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.amounts import amounts
from zhiyin.loop.collect.arrival import Arrival
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


def run(arrivals: Iterable[Arrival], facts: Facts) -> Collected:
    """Take every arrival through the pipeline. No payload makes it raise.

    Events of our own need no understanding; duplicates of them, and those of who was erased since, are refused.
    """
    events: list[Event] = []
    rejects: list[Reject] = []
    duplicates: list[Reject] = []
    kept: list[Arrival] = []
    tallies: dict[tuple[str, datetime], dict[str, int]] = {}
    source, begins, ends = "", _NEVER, _NEVER
    refused: dict[Callable[..., Draft | Reject], int] = dict.fromkeys((shape, *PIPELINE), 0)
    own = total = 0
    new_ids, seen = facts.memory.new_ids, facts.memory.seen
    for arrival in arrivals:
        total += 1
        if not begins <= arrival.received_at < ends or arrival.source != source:
            source, begins = arrival.source, arrival.received_at.replace(minute=0, second=0, microsecond=0)
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
        step: Callable[..., Draft | Reject] = shape
        result = shape(arrival)
        if type(result) is Draft:
            for step in PIPELINE:
                result = step(result, facts)
                if type(result) is not Draft:
                    break
            else:
                new_ids[result.event_id] = None
                events.append(result.event())
                kept.append(arrival)
                _count(tally, "kept")
                continue
        refused[step] += 1
        assert isinstance(result, Reject)
        result = hushed(result, arrival, facts)
        (duplicates if result.reason is RejectReason.DUPLICATE else rejects).append(result)
        _count(tally, result.reason)
    return Collected(events, rejects, duplicates, _stages(total - own, refused), _flat(tallies), kept)


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
