"""Profiles: events and customers' rows → one profile each, in the lake for questions, in records for reads."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
from django.db.models import Count, Q, Sum

from zhiyin.adapters.lake.datasets import PROFILES
from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.records.models import Customer, ProfileRun
from zhiyin.adapters.records.profile import COLUMNS, publish
from zhiyin.domain.feature import COMPUTED
from zhiyin.domain.lifecycle import OF_CUSTOMERS
from zhiyin.domain.rfm import RfmGroup
from zhiyin.domain.text import say
from zhiyin.loop.profile.facts import Facts, facts, measured
from zhiyin.loop.profile.features import COLUMNS as EXTRACTED
from zhiyin.loop.profile.features import TAKEN, Shop, features, summed, visits
from zhiyin.loop.profile.stated import completed
from zhiyin.services import attributes, interests, segments, stated
from zhiyin.services import facts as shop_facts
from zhiyin.services.workspace import Workspace

BATCH = 20_000
Progress = Callable[..., None]


@dataclass(frozen=True, slots=True)
class ProfileResult:
    """What a run found: customers by stage and group, revenue in minor units, the usual gap in days."""

    as_of: datetime
    customers: int
    buyers: int
    revenue: int
    gap_days: int | None
    lifecycle: dict[str, int] = field(default_factory=dict)
    rfm_groups: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def waiting() -> int:
    """How many customers there are before anybody was profiled; 0 from the first run on."""
    return 0 if ProfileRun.objects.exists() else Customer.objects.count()


def run(ws: Workspace, on_progress: Progress | None = None) -> ProfileResult:
    """Profile every customer as of now: one lazy pass over the lake, one snapshot, then the customers' rows.

    The segments are counted anew at its end.

    Customers known only from events get a row. Others may write to the lake meanwhile; erasing somebody waits,
    so that nobody who is erased comes back. Memory does not grow with the number of customers in Python; the
    engine spills to disk beyond its limit. Raises ``Busy`` where another run takes too long.
    """
    as_of, started = ws.now(), time.perf_counter()
    tell = on_progress or (lambda done, total=None, label=None: None)
    with (
        alone(ws),
        ws.lake.reading(),
        tempfile.TemporaryDirectory(dir=ws.folder, prefix=".profile-") as folder,
    ):
        known, made = Path(folder) / "customers.parquet", Path(folder) / "profiles.parquet"
        tell(0, None, "Reading customers")
        stated.write(known)
        tell(0, None, "Reading events")
        with (
            attributes.computed(ws, known, as_of) as (own, learnt),
            computed(ws, as_of) as (found, usual),
            pq.ParquetWriter(made, PROFILES.schema) as writer,
        ):
            usual = replace(usual, stated=learnt)
            for table in ws.lake.stream(whole(ws, found, known, own, usual)):
                writer.write_table(table.select(PROFILES.schema.names).cast(PROFILES.schema))
        tell(0, None, "Reading interests")
        interests.write(ws, as_of, Path(folder) / "interests.parquet")
        # the computing is over: only this needs the writer lease
        with pq.ParquetFile(made) as rows:
            batches = rows.iter_batches(BATCH)
            ws.lake.replace("profiles", pa.RecordBatchReader.from_batches(PROFILES.schema, batches))
        interests.publish(ws, Path(folder) / "interests.parquet")
        # whoever is described anew from now on is so by these facts
        run = ProfileRun.objects.create(at=as_of, customers=ws.lake.count("profiles"), facts=usual.dump())
        done = 0
        # neighbours are written together: in any other order it takes more than twice as long
        ordered = ws.lake.profiles().select("customer_id", "created_at", *COLUMNS).sort("customer_id")
        for batch in ws.lake.stream(ordered):
            for start in range(0, batch.num_rows, BATCH):
                part = batch.slice(start, BATCH)
                publish(part, as_of)
                done += part.num_rows
                tell(done, run.customers, "Publishing profiles")
    segments.refresh_all(ws, tell)
    sums = totals(ws)
    return ProfileResult(
        as_of,
        sums["customers"],
        sums["buyers"],
        sums["revenue"],
        usual.measured,
        sums["lifecycle"],
        sums["rfm_groups"],
        time.perf_counter() - started,
    )


def alone(ws: Workspace, patience: float | None = None) -> AbstractContextManager[None]:
    """Hold what only one at a time may: profiling all customers or some. Raises ``Busy`` after ``patience`` seconds,
    the lake's if None."""
    return lease(
        ws.folder / "profile.lock",
        say("Customers are being profiled already."),
        patience=ws.lake.patience if patience is None else patience,
    )


def taken(ws: Workspace, of: Collection[str] | None = None) -> nw.LazyFrame[Any]:
    """The events, of these customers if told so, with no more columns than features and interests take."""
    columns = dict.fromkeys((*TAKEN, *EXTRACTED, *interests.TAKEN, *interests.EXTRACTED))
    return ws.lake.frame("events", {**EXTRACTED, **interests.EXTRACTED}, of=of).select(*columns)


@contextmanager
def computed(
    ws: Workspace, as_of: datetime, known: Facts | None = None, events: nw.LazyFrame[Any] | None = None
) -> Iterator[tuple[nw.LazyFrame[Any], Facts]]:
    """The computed features of everyone who did anything, as a lazy frame for use inside ``with``, and the facts of
    the shop: ``known``, or as found here. Of some, where ``events`` are only theirs, from ``taken``.

    What needs the events is computed once and kept by the engine, since several features look at it.
    """
    chosen = ws.settings.profile
    shop = Shop(ws.timezone, ws.settings.shop.currency, chosen.gap_days, chosen.rules)
    events = taken(ws) if events is None else events
    with ExitStack() as stack:
        keep = ws.lake.kept
        visited = stack.enter_context(keep(visits(events, as_of)))
        found = stack.enter_context(keep(summed(events, visited, as_of, shop)))
        usual = known or facts(ws.lake.collect(measured(found)).to_pylist(), shop.gap_days)
        yield features(found, shop, usual), usual


def whole(
    ws: Workspace, found: nw.LazyFrame[Any], known: Path, own: nw.LazyFrame[Any], usual: Facts
) -> nw.LazyFrame[Any]:
    """Everyone known from events (``computed``) or from records (``stated``), with the columns of the dataset; ``own``
    are their ``attributes``."""
    stating = ws.lake.scan([known], stated.SCHEMA).join(own, on="customer_id", how="left")
    both = completed(
        stating.join(found, on="customer_id", how="full", suffix="_seen"), usual.stated.otherwise
    )
    return both.with_columns(
        customer_id=nw.coalesce("customer_id", "customer_id_seen"),
        created_at=nw.coalesce("created_at", "first_seen"),
        **{one.name: nw.col(one.name).fill_null(one.empty) for one in COMPUTED if one.empty is not None},
        traits=nw.col("traits").fill_null("{}"),
        consents=nw.col("consents").fill_null("{}"),
    ).select(*PROFILES.schema.names)


def totals(ws: Workspace) -> dict[str, Any]:
    """Figures over all profiled customers, from records.

    ``customers``, ``buyers``, ``revenue`` (minor units), ``lifecycle`` and ``rfm_groups`` (counts by name, in
    their usual order, zeros included), ``heat`` (rows of r, f, customers) and ``profiled_at``, the last run.
    """
    sums = Customer.objects.aggregate(
        customers=Count("pk"), buyers=Count("pk", filter=Q(orders__gt=0)), revenue=Sum("revenue")
    )
    heat = Customer.objects.filter(r__isnull=False).order_by("r", "f")
    return {
        "customers": sums["customers"],
        "buyers": sums["buyers"],
        "revenue": sums["revenue"] or 0,
        "lifecycle": _counts("lifecycle", [stage.value for stage in OF_CUSTOMERS]),
        "rfm_groups": _counts("rfm_group", [group.value for group in RfmGroup]),
        "heat": list(heat.values("r", "f").annotate(customers=Count("pk"))),
        "profiled_at": shop_facts.profiled_at(ws),
    }


def _counts(column: str, names: list[str]) -> dict[str, int]:
    rows = Customer.objects.order_by().values_list(column).annotate(n=Count("pk"))
    found = dict(rows)
    return {name: found.get(name, 0) for name in names}
