"""Interests: computed with every profiling, read for one customer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq

from zhiyin.adapters.lake.datasets import INTERESTS
from zhiyin.domain.interest import REACH, Fading, Interest, InterestKind
from zhiyin.loop.profile import interests as verb
from zhiyin.services.workspace import Workspace

BATCH = 100_000


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
    with (
        lake.kept(verb.lines(events, weights, as_of, start)) as seen,
        lake.kept(verb.searches(events, weights, as_of, start)) as searched,
    ):
        yield verb.interests(seen, searched, shelf, fading).select(*INTERESTS.schema.names)


def write(ws: Workspace, as_of: datetime, path: Path) -> None:
    """Compute the interests of everyone into a file; today becomes the landmark."""
    fading = Fading(_day(ws, as_of), ws.settings.profile.half_life_days)
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
        return Fading(row["landmark"], int(row["half_life"]))
    return Fading(_day(ws, ws.now()), ws.settings.profile.half_life_days)


def of(ws: Workspace, customer_id: str, at_least: int = 1) -> dict[InterestKind, list[Interest]]:
    """The interests of one customer whose score is that high today, by kind, the surest first."""
    fades, today = fading(ws), _day(ws, ws.now())
    theirs = ws.lake.frame("interests").filter(nw.col("customer_id") == customer_id)
    rows = ws.lake.collect(theirs.select("kind", "value", "weight", "total", "last_at")).to_pylist()
    found: dict[InterestKind, list[Interest]] = {}
    for row in sorted(rows, key=lambda row: (-row["weight"], row["value"])):
        score = fades.score(row["weight"], row["total"], today)
        if score >= at_least:
            kind = InterestKind(row["kind"])
            one = Interest(kind, row["value"], score, row["last_at"].replace(tzinfo=UTC))
            found.setdefault(kind, []).append(one)
    return {kind: found[kind] for kind in InterestKind if kind in found}


def _day(ws: Workspace, moment: datetime) -> date:
    return moment.astimezone(ws.timezone).date()
