"""The stages: how many customers are where, visitors without a name, who moved between two days, one customer's history."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import narwhals as nw
import pyarrow as pa

from zhiyin.domain.errors import BadPeriod, NotFound
from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED
from zhiyin.domain.flow import PLACES, Flow, Move
from zhiyin.domain.lifecycle import StageRules
from zhiyin.domain.text import say
from zhiyin.loop.profile import flow as verb
from zhiyin.loop.profile import visitors as nameless
from zhiyin.loop.profile.transitions import Transition, transitions
from zhiyin.services import facts
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Stages:
    """Sizes of the stages as last profiled, by ``rules``; ``gap_days`` are the shop's usual days between orders."""

    at: datetime
    customers: int
    counts: Mapping[str, int]
    gap_days: int
    rules: StageRules


@dataclass(frozen=True, slots=True)
class History:
    """One customer's stages, the oldest first; ``gap_days`` are the shop's usual ones, ``personal`` says whether
    each order made the customer's own of them."""

    transitions: tuple[Transition, ...]
    gap_days: int
    personal: bool = False


def show(ws: Workspace, totals: Mapping[str, Any] | None = None) -> Stages:
    """How many customers are in each stage; ``totals`` are those of ``profiles.totals`` where they are known.

    Raises ``NotFound`` before the first profiling.
    """
    from zhiyin.services import profiles

    found = profiles.totals(ws) if totals is None else totals
    if found["profiled_at"] is None:
        raise _unprofiled()
    return Stages(
        found["profiled_at"],
        found["customers"],
        found["lifecycle"],
        facts.gap_days(ws),
        ws.settings.profile.rules,
    )


def visitors(ws: Workspace, at: datetime | None = None) -> int:
    """How many visitors had been seen by a moment, or by now, of whom nobody knew by then who they are."""
    if ws.lake.table("events") is None:
        return 0
    seen = nameless.visitors(_events(ws), at or ws.now()).filter(nw.col("customer_id").is_null())
    return int(ws.lake.collect(seen.select(n=nw.len()))["n"][0].as_py())


def flow(ws: Workspace, first: date, second: date) -> Flow:
    """Who went from which stage to which between the ends of two days of the shop, visitors without a name
    included; today ends now.

    Computed from the events up to each day, in one query; nothing is stored and later events change nothing.
    Raises ``BadPeriod`` for a day in the future or days in the wrong order, ``NotFound`` before the first
    profiling.
    """
    now = ws.now()
    today = now.astimezone(ws.timezone).date()
    for day in (first, second):
        if day > today:
            raise BadPeriod(
                say("{day} lies in the future.", day=day.isoformat()),
                fix=say("Choose today, {today}, or an earlier day.", today=today.isoformat()),
            )
    if first > second:
        raise BadPeriod(
            say("{first} lies after {second}.", first=first.isoformat(), second=second.isoformat()),
            why=say("The flow goes from the earlier day to the later one."),
            fix=say("Exchange the two."),
        )
    if ws.lake.table("profiles") is None:
        raise _unprofiled()
    start, end = (_end(ws, day, now) for day in (first, second))
    settings = ws.settings.profile
    frame = verb.flow(
        _events(ws),
        ws.lake.profiles().select("customer_id", "created_at"),
        start,
        end,
        settings.gap_days,
        settings.rules,
    )
    rows = ws.lake.collect(frame).to_pylist()
    place = {name: number for number, name in enumerate(PLACES)}
    moves = [Move(row["start"], row["end"], row["customers"]) for row in rows]
    moves.sort(key=lambda move: (place[move.start], place[move.end]))
    gaps = [
        min((row[name] for row in rows if row[name] is not None), default=None)
        for name in ("gap_first", "gap_second")
    ]
    return Flow(start, end, tuple(moves), *gaps)


def history(ws: Workspace, customer_id: str) -> History:
    """Since when a customer was in which stage, as a visitor too, judged by the usual gap of today.

    Raises ``NotFound``.
    """
    from zhiyin.services import customers

    rules = ws.settings.profile.rules
    row, now, gap = customers.get(ws, customer_id), ws.now(), facts.gap_days(ws)
    previous = f"property_{nameless.PREVIOUS}"
    times: dict[str, list[datetime]] = {ORDER_COMPLETED: [], ORDER_CANCELLED: []}
    devices: set[str] = set()
    theirs = (
        _events(ws)
        .filter(
            nw.col("customer_id") == customer_id,
            nw.col("event").is_in(sorted(times)) | nw.col("type").is_in(["identify", "alias"]),
        )
        .select("event", "timestamp", "anonymous_id", previous)
    )
    for event in ws.lake.collect(theirs).to_pylist():
        if event["event"] in times:
            times[event["event"]].append(event["timestamp"].replace(tzinfo=UTC))
        else:
            devices.update(one for one in (event["anonymous_id"], event[previous]) if one is not None)
    visitor_since, named_at = _as_visitor(ws, customer_id, devices, now) if devices else (None, None)
    known = min((at for at in (row.created_at, row.first_seen, named_at) if at), default=None)
    found = transitions(
        times[ORDER_COMPLETED],
        gap,
        now,
        cancelled=times[ORDER_CANCELLED],
        known_since=known,
        visitor_since=visitor_since,
        rules=rules,
    )
    return History(found, gap, rules.personal)


def day(text: str) -> date:
    """A day as written, 2026-03-05. Raises ``BadPeriod``."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadPeriod(
            say("{text!r} is not a day.", text=text), fix=say("Write it as 2026-03-05.")
        ) from error


def _events(ws: Workspace) -> nw.LazyFrame[Any]:
    return ws.lake.events([nameless.PREVIOUS])


def _as_visitor(
    ws: Workspace, customer_id: str, devices: Set[str], now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Since when a customer was seen on these devices before anybody knew who that is, and when they said so."""
    # with every alias, since another customer may have said so first
    these = ws.lake.given(pa.table({"anonymous_id": pa.array(sorted(devices), pa.string())}))
    previous = f"property_{nameless.PREVIOUS}"
    events = _events(ws).select("type", "customer_id", "anonymous_id", "timestamp", previous)
    of_these = events.join(these, on="anonymous_id", how="semi")
    events = nw.concat([of_these, events.filter(nw.col("type") == "alias")])
    seen = nameless.visitors(events, now).filter(nw.col("customer_id") == customer_id)
    row = ws.lake.collect(seen.select(nw.col("since").min(), nw.col("named_at").min())).to_pylist()[0]
    since, named_at = (at and at.replace(tzinfo=UTC) for at in (row["since"], row["named_at"]))
    return since, named_at


def _end(ws: Workspace, day: date, now: datetime) -> datetime:
    """The last moment of a day of the shop, or now."""
    midnight = datetime.combine(day, time(), ws.timezone) + timedelta(days=1)  # of the wall clock
    return min(now, midnight.astimezone(UTC) - timedelta(microseconds=1))


def _unprofiled() -> NotFound:
    return NotFound(
        say("No customer has been profiled yet."),
        why=say("Stages follow from orders, by the usual time between them."),
        fix=say("Import customers and orders, then run `zhiyin profile`."),
    )
