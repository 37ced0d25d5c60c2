"""Memberships: who is in which live segment, kept true event by event and minute by minute.

``step`` looks again at the customers whom events touched and at those whose minute has come, for the segments that
listen; ``settle`` looks at everybody. Both evaluate the same plan as ``segments.members`` does, so that live and
batch agree. Entering and leaving become events of our own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from django.db.models import Count

from zhiyin.adapters.lake.datasets import EVENTS
from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.records import membership
from zhiyin.adapters.records.among import among
from zhiyin.adapters.records.models import Membership, Segment, Touched, Transition, Wake
from zhiyin.domain.errors import Busy
from zhiyin.domain.event import SEGMENT_ENTERED, SEGMENT_EXITED, Event
from zhiyin.domain.text import say
from zhiyin.loop.profile.membership import diff
from zhiyin.loop.profile.segment_frame import plain
from zhiyin.services import ingest, listening, present, sizes
from zhiyin.services.listening import SEEN, Live
from zhiyin.services.workspace import Workspace

LIMIT = 20_000  # customers in one step
AT_ONCE = 10  # segments settled in one round of the worker, so that events need not wait for all of them
_AHEAD = timedelta(hours=36)  # all are settled each day, so that the wheel need not look further
_TOLD = timedelta(days=90)  # how long transitions stay after they were told
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = 60_000_000  # microseconds
_HEAVY = ("properties", "context")  # what rules need of them has columns of its own


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling found: segments, their members, and who came and went."""

    segments: int
    members: int
    entered: int
    left: int


@contextmanager
def alone(ws: Workspace, patience: float = 0.0) -> Iterator[None]:
    """Nobody else changes memberships meanwhile. Raises ``Busy``."""
    with lease(ws.folder / "membership.lock", say("Segments are being settled already."), patience=patience):
        yield


def step(ws: Workspace, limit: int = LIMIT) -> int:
    """Look again at customers who were touched or whose minute has come; returns how many rows were taken.

    Does nothing where another process is at it. Killed before its transaction ends it is done again, later it
    has nothing left to do.
    """
    try:
        with alone(ws):
            return _step(ws, limit)
    except Busy:
        return 0


def settle(
    ws: Workspace,
    keys: Collection[str] | None = None,
    on_progress: Callable[..., None] | None = None,
    patience: float | None = None,
) -> Settled:
    """Look at all customers, for the live segments of these keys or for all of them.

    Who is in a segment when it is settled for the first time was in it from the start, and is not told about;
    after that everybody who comes or goes is. Raises ``Busy`` where others settle for longer than ``patience``.
    """
    with alone(ws, ws.lake.patience if patience is None else patience):
        chosen = [one for one in listening.live() if keys is None or one.key in keys]
        return _settle(ws, chosen, on_progress or (lambda done, total=None, label=None: None))


def due(ws: Workspace) -> list[str]:
    """The live segments that have to be settled, the most urgent first: new ones and those of a new rule, those that
    were set back, and at the shop's midnight all."""
    today = ws.today().date()
    waiting = [
        (one.settled, one.settled_at or _EPOCH, one.key)
        for one in listening.live()
        if not one.settled or one.settled_at is None or one.settled_at.astimezone(ws.timezone).date() != today
    ]
    return [key for _, _, key in sorted(waiting)]


def set_back() -> None:
    """Something changed of many customers at once: all segments have to be settled again."""
    Segment.objects.filter(live=True).update(settled_at=None)


def round(ws: Workspace) -> int:
    """What the worker does between drains: step, some settling, and tell; returns how much was done."""
    done = step(ws)
    if waiting := due(ws)[:AT_ONCE]:
        with suppress(Busy):
            done += settle(ws, waiting, patience=0.0).segments
    done += publish(ws)
    sizes.hourly(ws)
    return done


def publish(ws: Workspace, limit: int = LIMIT) -> int:
    """Tell of those who entered and left, as events of the lake; returns how many.

    Told twice after a crash, they count once: their ids are those of the transitions.
    """
    rows = list(Transition.objects.filter(told=False).select_related("segment").order_by("id")[:limit])
    if not rows:
        return 0
    ingest.record(ws, [_event(row) for row in rows])
    ws.spool.close()
    membership.told(rows[-1].pk)
    return len(rows)


def members(ws: Workspace, key: str, after: str = "", limit: int | None = None) -> list[str]:
    """The ids of those in a live segment, in order, beginning behind ``after``."""
    rows = Membership.objects.filter(segment__key=key, customer_id__gt=after).order_by("customer_id")
    return list(rows.values_list("customer_id", flat=True)[:limit])


def since(ws: Workspace, key: str, customer_id: str) -> datetime | None:
    """Since when a customer is in a live segment; None where they are not."""
    row = Membership.objects.filter(segment__key=key, customer_id=customer_id).first()
    return row.since if row is not None else None


def of_customer(ws: Workspace, customer_id: str) -> list[Membership]:
    """The live segments that a customer is in, the latest first."""
    rows = Membership.objects.filter(customer_id=customer_id, segment__archived=False)
    return list(rows.select_related("segment").order_by("-since", "segment_id"))


def counts() -> dict[int, int]:
    """Members by segment, of segments that have any."""
    rows = Membership.objects.order_by().values_list("segment_id").annotate(n=Count("customer_id"))
    return dict(rows)


def tidy(ws: Workspace) -> None:
    """Forget transitions that were told long ago, of which the lake keeps the events, and sizes between days."""
    sizes.thin(ws)
    Transition.objects.filter(told=True, at__lt=ws.now() - _TOLD).delete()


# --- one step -------------------------------------------------------------------------------------------


def _step(ws: Workspace, limit: int) -> int:
    now = ws.now()
    touched = list(Touched.objects.order_by("id").values_list("id", "customer_id", "event")[:limit])
    waking = Wake.objects.filter(minute__lte=(now - _EPOCH) // timedelta(minutes=1)).order_by("minute")
    woken = list(waking.values_list("customer_id", flat=True)[:limit])
    if not touched and not woken:
        return 0
    standing = {one.key: one for one in listening.live() if one.follows}
    heard = listening.index(list(standing.values()))
    names = {event: heard.seen if event == SEEN else heard.of(event) for _, _, event in touched}
    keys = heard.every if woken else frozenset().union(*names.values())
    who = {customer for _, customer, event in touched if names[event]} | set(woken)
    chosen = [standing[key] for key in sorted(keys)]
    found = _evaluate(ws, chosen, sorted(who), now) if chosen and who else None
    with transaction.atomic():
        if found is not None:
            _write(chosen, found, sorted(who), now)
        membership.delete(Wake, "customer_id", woken)
        if found is not None:
            membership.wake(_wakes(found, now))
        membership.delete(Touched, "id", [number for number, _, _ in touched])
    return len(touched) + len(woken)


def _evaluate(ws: Workspace, chosen: Sequence[Live], who: Sequence[str], now: datetime) -> pa.Table:
    """For each of these customers of whom anything is known, which rules hold."""
    plan = listening.plan(ws, [one.rule for one in chosen], now, cuts={}, wake=True)
    needs = plan.needs
    people = present.some(ws, who, needs, now)
    columns = ["customer_id", *_rules(chosen), "wake_at"]
    liked = ws.lake.frame("interests", of=who) if needs.interests else None
    if not needs.events:
        return ws.lake.collect(plan.mark(people, ws.lake.events(), liked).select(*columns))
    events = ws.lake.frame("events", needs.properties, needs.lines, of=who)
    kept = [name for name in EVENTS.schema.names if name not in _HEAVY]
    # first their events, which are few: an engine takes longer to combine both than to do one after the other
    with ws.lake.kept(plan.counted(events).select(*kept, *needs.properties, *needs.lines)) as theirs:
        return ws.lake.collect(plan.mark(people, theirs, liked).select(*columns))


def _write(chosen: Sequence[Live], found: pa.Table, who: Sequence[str], now: datetime) -> None:
    """Memberships and transitions of these customers; of whom nothing is known any more is in no segment."""
    before: dict[int, list[str]] = defaultdict(list)
    for customer, segment in among(Membership, "customer_id", who, "customer_id", "segment_id"):
        before[segment].append(customer)
    came: list[tuple[str, int, int]] = []
    gone: list[tuple[str, int, int]] = []
    for number, one in enumerate(chosen):
        after = found["customer_id"].filter(found[f"rule_{number}"]).combine_chunks()
        entered, left = diff(pa.array(before[one.id], pa.string()), after)
        came += _changes(entered, one)
        gone += _changes(left, one)
    _change(came, gone, now)


def _change(came: Sequence[Any], gone: Sequence[Any], now: datetime, *, tell: bool = True) -> None:
    membership.enter(came, now)
    membership.leave(gone)
    if tell:
        membership.note(came, now, entered=True)
        membership.note(gone, now, entered=False)


def _changes(ids: pa.Array, one: Live) -> Iterator[tuple[str, int, int]]:
    return ((customer, one.id, one.version) for customer in ids.to_pylist())


def _wakes(found: pa.Table, now: datetime) -> list[tuple[str, int]]:
    """The minutes in which time may change something, of those that come before all are settled again."""
    soon = pc.fill_null(pc.less(found["wake_at"], pa.scalar(plain(now + _AHEAD), pa.timestamp("us"))), False)
    rows = found.select(["customer_id", "wake_at"]).filter(soon)
    # a minute is taken when it begins, so that the moment is over by then
    minutes = pc.divide(pc.add(rows["wake_at"].cast(pa.int64()), _MINUTE - 1), _MINUTE)
    return list(zip(rows["customer_id"].to_pylist(), minutes.to_pylist(), strict=True))


def _rules(chosen: Sequence[Live]) -> list[str]:
    return [f"rule_{number}" for number in range(len(chosen))]


# --- everybody ------------------------------------------------------------------------------------------


def _settle(ws: Workspace, chosen: Sequence[Live], tell: Callable[..., None]) -> Settled:
    if not chosen:
        return Settled(0, 0, 0, 0)
    now = ws.now()
    rules = [one.rule for one in chosen]
    cuts = listening.cuts(ws, rules, now, lambda needs: present.everyone(ws, needs, now))
    plan = listening.plan(ws, rules, now, cuts=cuts, wake=True)
    people = present.everyone(ws, plan.needs, now)
    events = ws.lake.frame("events", plan.needs.properties, plan.needs.lines)
    marked = plan.mark(people, events, ws.lake.frame("interests") if plan.needs.interests else None)
    total = came = left = 0
    with ws.lake.kept(marked.select("customer_id", *_rules(chosen), "wake_at")) as found:
        soon = found.filter(nw.col("wake_at") < plain(now + _AHEAD)).select("customer_id", "wake_at")
        for rows in ws.lake.stream(soon):
            membership.wake(_wakes(rows, now))
        for number, one in enumerate(chosen):
            after = ws.lake.collect(found.filter(nw.col(f"rule_{number}")).select("customer_id"))
            entered, gone = _settle_one(one, after["customer_id"].combine_chunks(), now)
            total, came, left = total + after.num_rows, came + entered, left + gone
            tell(number + 1, len(chosen), "Counting segments")
    for one in chosen:
        sizes.note(ws, Segment.objects.get(pk=one.id))
    tidy(ws)
    return Settled(len(chosen), total, came, left)


def _settle_one(one: Live, after: pa.Array, now: datetime) -> tuple[int, int]:
    with transaction.atomic():
        row = Segment.objects.select_for_update().get(pk=one.id)
        rows = Membership.objects.filter(segment_id=one.id).values_list("customer_id", flat=True)
        entered, left = diff(pa.array(list(rows), pa.string()), after)
        first = not row.settled_rule
        _change(list(_changes(entered, one)), list(_changes(left, one)), now, tell=not first)
        row.settled_rule, row.settled_at, row.count, row.counted_at = one.mark, now, len(after), now
        row.save(update_fields=["settled_rule", "settled_at", "count", "counted_at"])
    return len(entered), len(left)


def _event(row: Transition) -> Event:
    return Event(
        f"segment:{row.pk}",
        "track",
        SEGMENT_ENTERED if row.entered else SEGMENT_EXITED,
        row.at,
        row.customer_id,
        properties={"segment": row.segment.key, "version": row.version},
    )
