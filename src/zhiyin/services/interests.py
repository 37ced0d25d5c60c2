"""Interests: computed with every profiling, read for one customer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq

from zhiyin.adapters.lake.datasets import INTERESTS
from zhiyin.domain.interest import REACH, Fading, Interest, InterestKind
from zhiyin.loop.profile import interests as verb
from zhiyin.loop.profile.conditions.interested import USUAL
from zhiyin.services.workspace import Workspace

# the columns of the events that interests take, and those that they must bring beside their own
TAKEN = ("customer_id", "event", "timestamp", "local_date", "month", "products")
EXTRACTED = verb.EVENT_COLUMNS
BATCH = 100_000
TOP = 10  # values shown of a kind


@contextmanager
def computed(
    ws: Workspace, as_of: datetime, fading: Fading, events: nw.LazyFrame[Any] | None = None
) -> Iterator[nw.LazyFrame[Any]]:
    """The interests of everyone up to a moment, as a lazy frame for use inside ``with``; of some, where ``events``
    are only theirs (with the columns of ``verb.EVENT_COLUMNS``). Items are as they stand."""
    lake = ws.lake
    events = lake.frame("events", verb.EVENT_COLUMNS) if events is None else events
    weights = lake.engine.table(verb.days(fading, _day(ws, as_of)))
    start = fading.landmark - timedelta(days=REACH * fading.half_life)
    columns = ("item_id", "category", "price", "currency", *verb.ITEM_COLUMNS)
    items = lake.collect(lake.frame("items", verb.ITEM_COLUMNS).select(*columns))
    shelf = lake.engine.table(verb.catalogue(items))
    seen, searched = (find(events, weights, as_of, start) for find in (verb.lines, verb.searches))
    with ExitStack() as stack:
        made = verb.interests(
            seen, searched, shelf, fading, lambda frame: stack.enter_context(lake.kept(frame))
        )
        yield made.select(*INTERESTS.schema.names)


def write(ws: Workspace, as_of: datetime, path: Path) -> None:
    """Compute the interests of everyone into a file; today becomes the landmark."""
    fading = Fading(_day(ws, as_of), ws.settings.profile.half_life_days, ws.timezone)
    with computed(ws, as_of, fading) as frame, pq.ParquetWriter(path, INTERESTS.schema) as writer:
        for table in ws.lake.stream(frame):
            writer.write_table(table.select(INTERESTS.schema.names).cast(INTERESTS.schema))


def publish(ws: Workspace, path: Path) -> None:
    """Make the interests in a file those of the lake."""
    with pq.ParquetFile(path) as rows:
        reader = pa.RecordBatchReader.from_batches(INTERESTS.schema, rows.iter_batches(BATCH))
        ws.lake.replace("interests", reader)


def fading(ws: Workspace) -> Fading:
    """How the interests in the lake fade; where there are none, as they would from today on."""
    frame = ws.lake.frame("interests").select("landmark", "half_life").head(1)
    for row in ws.lake.collect(frame).to_pylist():
        return Fading(row["landmark"], int(row["half_life"]), ws.timezone)
    return Fading(_day(ws, ws.now()), ws.settings.profile.half_life_days, ws.timezone)


def of(ws: Workspace, customer_id: str, at_least: int = 1) -> dict[InterestKind, list[Interest]]:
    """The interests of one customer whose score is that high today, by kind, the surest first."""
    fades, today = fading(ws), _day(ws, ws.now())
    found: dict[InterestKind, list[Interest]] = {}
    for row in sorted(_rows(ws, customer_id), key=lambda row: (-row["weight"], row["value"])):
        score = fades.score(row["weight"], row["total"], today)
        if score >= at_least:
            kind = InterestKind(row["kind"])
            one = Interest(kind, row["value"], score, row["last_at"].replace(tzinfo=UTC))
            found.setdefault(kind, []).append(one)
    return {kind: found[kind] for kind in InterestKind if kind in found}


@dataclass(frozen=True, slots=True)
class Liked:
    """One kind of interests: of how many customers any is known, and how many are interested in which value, those
    in which most are first."""

    kind: InterestKind
    known: int
    values: tuple[tuple[str, int], ...]


def liked(ws: Workspace, at_least: int = USUAL, top: int = TOP) -> tuple[Liked, ...]:
    """What customers are interested in today with a score of ``at_least``: of each kind the ``top`` values."""
    fades = fading(ws)
    factor, ground = fades.least(at_least, _day(ws, ws.now()))
    rows = ws.lake.frame("interests")
    people = rows.group_by("kind").agg(n=nw.col("customer_id").n_unique())
    known = {row["kind"]: int(row["n"]) for row in ws.lake.collect(people).to_pylist()}
    sure = rows.filter(nw.col("weight") * 200 >= (nw.col("total") + ground) * factor)
    counted = sure.group_by("kind", "value").agg(n=nw.len())
    found = []
    for kind in InterestKind:
        most = counted.filter(nw.col("kind") == kind.value).sort("n", "value", descending=[True, False])
        values = ws.lake.collect(most.head(top).select("value", "n")).to_pylist() if kind in known else []
        counts = tuple((row["value"], int(row["n"])) for row in values)
        found.append(Liked(kind, known.get(kind.value, 0), counts))
    return tuple(found)


def weights(ws: Workspace, customer_id: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Of each interest of one customer, by kind and value, its weight and the total of the kind."""
    return {(row["kind"], row["value"]): (row["weight"], row["total"]) for row in _rows(ws, customer_id)}


def _rows(ws: Workspace, customer_id: str) -> list[dict[str, Any]]:
    theirs = ws.lake.frame("interests").filter(nw.col("customer_id") == customer_id)
    return ws.lake.collect(theirs.select("kind", "value", "weight", "total", "last_at")).to_pylist()


def _day(ws: Workspace, moment: datetime) -> date:
    return moment.astimezone(ws.timezone).date()
