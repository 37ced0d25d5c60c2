"""Health of the data: received = kept + duplicates + rejected, by hour and source, read from the tallies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Max, Q

from zhiyin.adapters.records.models import Import, Source, Tally
from zhiyin.domain.reasons import RejectReason
from zhiyin.services.sources import FILES, OWN
from zhiyin.services.tallies import DOOR, HTTP, KEPT, RECEIVED, hour
from zhiyin.services.workspace import Workspace

LATE = timedelta(hours=3)  # a pause shorter than this is none
REJECTING = 0.01  # the share of what a source sends from which on rejects are a fault of the source
# refused as it should be: says nothing about the source
EXPECTED = frozenset({RejectReason.BOT, RejectReason.NO_CONSENT, RejectReason.ERASED})
_WEEK = timedelta(days=7)
_REMEMBERED = timedelta(days=92)  # how far back the last data of a source are looked for


class State(StrEnum):
    """How a source stands."""

    FINE = "fine"
    REJECTING = "rejecting"
    LATE = "late"
    SILENT = "silent"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Balance:
    """What became of what was received; duplicates count once."""

    received: int = 0
    kept: int = 0
    duplicates: int = 0
    rejected: int = 0

    @property
    def missing(self) -> int:
        """What was received and is not accounted for: 0 where the balance holds."""
        return self.received - self.kept - self.duplicates - self.rejected


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour; ``before`` is what was kept in the same hour a week earlier."""

    at: datetime
    kept: int = 0
    rejected: int = 0
    before: int = 0


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source: how it stands, what came by hour, and when the last of it came.

    ``kind`` is that of the key, or ``zhiyin`` or ``files`` where there is none; ``source_id`` is then None.
    """

    name: str
    kind: str
    source_id: int | None
    state: State
    balance: Balance
    reasons: dict[str, int]
    by_hour: tuple[int, ...]
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The whole of it. ``hours`` end with the present one; ``door`` counts refused requests by HTTP status."""

    since: datetime
    until: datetime
    balance: Balance
    hours: tuple[Hour, ...]
    reasons: dict[str, int]
    sources: tuple[SourceHealth, ...]
    door: dict[int, int]

    @property
    def troubled(self) -> list[SourceHealth]:
        """Sources that somebody should look at."""
        return [
            one
            for one in self.sources
            if one.state in (State.LATE, State.REJECTING) or (one.state == State.SILENT and one.last)
        ]


def get(ws: Workspace, hours: int = 24, source: str | None = None) -> Health:
    """The health of the last ``hours`` hours, the present one among them; of one source where it is named.

    Sources without a key are ``zhiyin``, what happens to messages and consents, and ``files``, rows of files.
    """
    now = ws.now()
    slots = [hour(now) - timedelta(hours=back) for back in reversed(range(hours))]
    keys = _keys()
    counts, last = _counted(slots, keys)
    names = [*keys, *(name for name in (OWN, FILES) if name in last)]
    found = [_of_source(name, keys.get(name), counts[name], slots, last.get(name), now) for name in names]
    if source is not None:
        found = [one for one in found if one.name == source]
    chosen = [counts[one.name] for one in found]
    reasons: Counter[str] = Counter()
    for one in found:
        reasons.update(one.reasons)
    door = counts[DOOR] if source is None else {}
    return Health(
        since=slots[0],
        until=now,
        balance=_balance(_within(chosen, slots)),
        hours=_hours(chosen, slots),
        reasons=dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
        sources=tuple(sorted(found, key=lambda one: (one.state == State.REVOKED, -one.balance.received))),
        door={
            int(code.removeprefix(HTTP)): n
            for code, n in sorted(_within([door], slots).items())
            if code.startswith(HTTP)
        },
    )


def state(
    kind: str, revoked: bool, balance: Balance, unexpected: int, by_hour: Sequence[int],
    before: Sequence[int], pause: timedelta | None,
) -> State:  # fmt: skip
    """How a source stands: the first of these that holds.

    * revoked: its key is.
    * silent: nothing came in all the hours looked at.
    * late: nothing for three hours and more, though in these hours something came a week ago, or something
      came in at least half of the hours before.
    * rejecting: more than 1 in 100 was rejected, not counting crawlers, missing consent and erased people.
    * fine.

    A pause says nothing where there is no key: messages and files come when somebody sends or imports them.
    """
    if revoked:
        return State.REVOKED
    if kind not in (OWN, FILES):
        if not balance.received:
            return State.SILENT
        quiet = next(at for at, events in enumerate(reversed(by_hour)) if events)
        awaited = sum(before[len(before) - quiet :]) > 0
        steady = 2 * sum(1 for events in by_hour if events) >= len(by_hour) - quiet
        if pause is not None and pause >= LATE and quiet and (awaited or steady):
            return State.LATE
    if unexpected > REJECTING * balance.received:
        return State.REJECTING
    return State.FINE


_Counts = dict[tuple[datetime, str], int]  # hour and outcome -> events


def _keys() -> dict[str, Source]:
    """The source of each name: the one in force, else the one revoked last."""
    rows = list(Source.objects.order_by("revoked_at", "pk"))
    rows.sort(key=lambda row: row.revoked_at is None)
    return {row.name: row for row in rows}


def _counted(
    slots: Sequence[datetime], keys: Mapping[str, Source]
) -> tuple[defaultdict[str, _Counts], dict[str, datetime]]:
    """What was counted in these hours and the same a week ago, by source; and when the last of each came.

    Only for keys that sent nothing in these hours the time before is looked through.
    """
    first, end = slots[0], slots[-1] + timedelta(hours=1)
    counts: defaultdict[str, _Counts] = defaultdict(lambda: defaultdict(int))
    last: dict[str, datetime] = {}
    within = Q(hour__gte=first, hour__lt=end) | Q(hour__gte=first - _WEEK, hour__lt=end - _WEEK)
    rows = Tally.objects.filter(within).values_list("source", "hour", "outcome", "events", "last_at")
    for source, at, outcome, events, came in rows:
        name = _name(source, keys)
        counts[name][at, outcome] += events
        if came is not None:
            last[name] = max(came, last.get(name, came))
    before = Tally.objects.filter(outcome=RECEIVED, hour__gte=first - _REMEMBERED, hour__lt=first)
    quiet = [name for name in keys if name not in last or last[name] < first]
    last |= dict(before.filter(source__in=quiet).values_list("source").annotate(at=Max("last_at")))
    done = Import.objects.filter(status="done", finished_at__gte=first - _WEEK)
    for at, read, new, unchanged, reasons in done.values_list(
        "finished_at", "read", "new", "unchanged", "reasons"
    ):
        rows = {RECEIVED: read, KEPT: new, RejectReason.DUPLICATE: unchanged} | reasons
        for outcome, events in rows.items():
            counts[FILES][hour(at), str(outcome)] += events
    newest = Import.objects.filter(status="done").aggregate(at=Max("finished_at"))["at"]
    if newest is not None:
        last[FILES] = newest
    return counts, last


def _name(source: str, keys: Mapping[str, Source]) -> str:
    """What no key sent is our own."""
    return source if source in keys or source == DOOR else OWN


def _of_source(
    name: str,
    key: Source | None,
    counts: _Counts,
    slots: Sequence[datetime],
    last: datetime | None,
    now: datetime,
) -> SourceHealth:
    sums = _within([counts], slots)
    balance, kind = _balance(sums), key.kind if key else name
    reasons = _reasons(sums)
    by_hour = tuple(counts.get((at, RECEIVED), 0) for at in slots)
    return SourceHealth(
        name=name,
        kind=kind,
        source_id=key.pk if key else None,
        state=state(
            kind,
            key is not None and key.revoked_at is not None,
            balance,
            sum(n for code, n in reasons.items() if code not in EXPECTED),
            by_hour,
            [counts.get((at - _WEEK, RECEIVED), 0) for at in slots],
            now - last if last else None,
        ),
        balance=balance,
        reasons=reasons,
        by_hour=by_hour,
        last=last,
    )


def _within(several: Iterable[_Counts], slots: Sequence[datetime]) -> Counter[str]:
    """The sum of each outcome in these hours."""
    sums: Counter[str] = Counter()
    first, end = slots[0], slots[-1]
    for counts in several:
        for (at, outcome), events in counts.items():
            if first <= at <= end:
                sums[outcome] += events
    return sums


def _balance(sums: Mapping[str, int]) -> Balance:
    return Balance(
        sums.get(RECEIVED, 0),
        sums.get(KEPT, 0),
        sums.get(RejectReason.DUPLICATE, 0),
        sum(_reasons(sums).values()),
    )


def _reasons(sums: Mapping[str, int]) -> dict[str, int]:
    """What was rejected, by reason; a duplicate is counted, not rejected."""
    others = (RECEIVED, KEPT, RejectReason.DUPLICATE)
    return {
        code: n
        for code, n in sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
        if n and code not in others and not code.startswith(HTTP)
    }


def _hours(several: Iterable[_Counts], slots: Sequence[datetime]) -> tuple[Hour, ...]:
    at_hour: defaultdict[datetime, Counter[str]] = defaultdict(Counter)
    for counts in several:
        for (at, outcome), events in counts.items():
            at_hour[at][outcome] += events
    return tuple(
        Hour(at, at_hour[at][KEPT], sum(_reasons(at_hour[at]).values()), at_hour[at - _WEEK][KEPT])
        for at in slots
    )
