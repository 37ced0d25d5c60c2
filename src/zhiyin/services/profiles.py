"""Profiles: events and customers' rows → one profile each, in the lake for questions, in records for reads."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db.models import Count, OuterRef, Q, Subquery, Sum

from zhiyin.adapters.lake.datasets import PROFILES
from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.records.models import Consent, Customer, ProfileRun
from zhiyin.adapters.records.profile import COLUMNS, publish
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.customer import as_text
from zhiyin.domain.feature import COMPUTED
from zhiyin.domain.lifecycle import Lifecycle
from zhiyin.domain.rfm import RfmGroup
from zhiyin.domain.text import say
from zhiyin.loop.profile.features import COLUMNS as EXTRACTED
from zhiyin.loop.profile.features import Shop, features, summed, visits
from zhiyin.services import interests, segments
from zhiyin.services.workspace import Workspace

OWN = ("customer_id", "email", "name", "language", "created_at", "email_consent", "traits")
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


def run(ws: Workspace, on_progress: Progress | None = None) -> ProfileResult:
    """Profile every customer as of now: one lazy pass over the lake, one snapshot, then the customers' rows.

    The segments are counted anew at its end.

    Customers known only from events get a row. Others may write to the lake meanwhile; erasing somebody waits,
    so that nobody who is erased comes back. Memory does not grow with the number of customers in Python; the
    engine spills to disk beyond its limit. Raises ``Busy`` where another run takes too long.
    """
    as_of, started = ws.now(), time.perf_counter()
    tell = on_progress or (lambda done, total=None, label=None: None)
    gaps: set[int] = set()
    alone = lease(
        ws.folder / "profile.lock", say("Customers are being profiled already."), patience=ws.lake.patience
    )
    with alone, ws.lake.reading(), tempfile.TemporaryDirectory(dir=ws.folder, prefix=".profile-") as folder:
        stated, made = Path(folder) / "customers.parquet", Path(folder) / "profiles.parquet"
        tell(0, None, "Reading customers")
        _write_stated(stated)
        tell(0, None, "Reading events")
        with computed(ws, as_of) as found, pq.ParquetWriter(made, PROFILES.schema) as writer:
            frame = _joined(found, ws.lake.scan([stated], _STATED))
            for table in ws.lake.stream(frame):
                gaps.update(gap for gap in pc.unique(table["gap_days"]).to_pylist() if gap is not None)
                writer.write_table(table.select(PROFILES.schema.names).cast(PROFILES.schema))
        tell(0, None, "Reading interests")
        interests.write(ws, as_of, Path(folder) / "interests.parquet")
        # the computing is over: only this needs the writer lease
        with pq.ParquetFile(made) as rows:
            batches = rows.iter_batches(BATCH)
            ws.lake.replace("profiles", pa.RecordBatchReader.from_batches(PROFILES.schema, batches))
        interests.publish(ws, Path(folder) / "interests.parquet")
        total, done = ws.lake.count("profiles"), 0
        for batch in ws.lake.stream(ws.lake.profiles().select("customer_id", "created_at", *COLUMNS)):
            for start in range(0, batch.num_rows, BATCH):
                part = batch.slice(start, BATCH)
                publish(part, as_of)
                done += part.num_rows
                tell(done, total, "Publishing profiles")
    sums, gap_days = totals(ws), min(gaps, default=None)
    ProfileRun.objects.create(at=as_of, customers=sums["customers"], gap_days=gap_days)
    segments.refresh_all(ws, tell)
    return ProfileResult(
        as_of,
        sums["customers"],
        sums["buyers"],
        sums["revenue"],
        gap_days,
        sums["lifecycle"],
        sums["rfm_groups"],
        time.perf_counter() - started,
    )


@contextmanager
def computed(ws: Workspace, as_of: datetime) -> Iterator[nw.LazyFrame[Any]]:
    """The computed features of everyone who did anything, as a lazy frame for use inside ``with``.

    What needs the events is computed once and kept by the engine: ranks look at all customers several times.
    """
    shop = Shop(
        ws.timezone, ws.settings.shop.currency, ws.settings.profile.gap_days, ws.settings.profile.rules
    )
    events = ws.lake.frame("events", EXTRACTED)
    with (
        ws.lake.kept(visits(events, as_of)) as visited,
        ws.lake.kept(summed(events, visited, as_of, shop)) as found,
    ):
        yield features(found, shop)


def totals(ws: Workspace) -> dict[str, Any]:
    """Figures over all profiled customers, from records.

    ``customers``, ``buyers``, ``revenue`` (minor units), ``lifecycle`` and ``rfm_groups`` (counts by name, in
    their usual order, zeros included), ``heat`` (rows of r, f, customers) and ``profiled_at``.
    """
    sums = Customer.objects.aggregate(
        customers=Count("pk"), buyers=Count("pk", filter=Q(orders__gt=0)), revenue=Sum("revenue")
    )
    heat = Customer.objects.filter(r__isnull=False).order_by("r", "f")
    latest = Customer.objects.order_by("-profiled_at").filter(profiled_at__isnull=False)
    return {
        "customers": sums["customers"],
        "buyers": sums["buyers"],
        "revenue": sums["revenue"] or 0,
        "lifecycle": _counts("lifecycle", [stage.value for stage in Lifecycle]),
        "rfm_groups": _counts("rfm_group", [group.value for group in RfmGroup]),
        "heat": list(heat.values("r", "f").annotate(customers=Count("pk"))),
        "profiled_at": latest.values_list("profiled_at", flat=True).first(),
    }


_STATED = pa.schema([PROFILES.schema.field(name) for name in OWN])


def _counts(column: str, names: list[str]) -> dict[str, int]:
    rows = Customer.objects.order_by().values_list(column).annotate(n=Count("pk"))
    found = dict(rows)
    return {name: found.get(name, 0) for name in names}


def _write_stated(path: Path) -> None:
    """What records know of the customers, as a file the engine can join, a batch at a time."""
    consent = Consent.objects.filter(customer=OuterRef("pk"), channel="email", purpose=MARKETING)
    rows = (
        Customer.objects.order_by()
        .annotate(email_consent=Subquery(consent.values("granted")[:1]))
        .values_list(*OWN)
        .iterator(chunk_size=BATCH)
    )
    with pq.ParquetWriter(path, _STATED) as writer:
        while batch := [row for _, row in zip(range(BATCH), rows, strict=False)]:
            columns = dict(zip(OWN, map(list, zip(*batch, strict=True)), strict=True))
            columns["created_at"] = [
                at and at.astimezone(UTC).replace(tzinfo=None) for at in columns["created_at"]
            ]
            columns["traits"] = [traits_text(stated) for stated in columns["traits"]]
            for name in ("email", "name", "language"):
                columns[name] = [text or None for text in columns[name]]
            writer.write_table(pa.table(columns, schema=_STATED))


def traits_text(stated: dict[str, Any]) -> str:
    """Stated traits as the lake keeps them: a JSON object of texts, so that every engine reads the same."""
    texts = {name: text for name, value in stated.items() if (text := as_text(value)) is not None}
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def _joined(found: nw.LazyFrame[Any], stated: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Everyone known from either side, with the columns of the dataset and ``gap_days``."""
    both = stated.join(found, on="customer_id", how="full", suffix="_seen")
    return both.with_columns(
        customer_id=nw.coalesce("customer_id", "customer_id_seen"),
        created_at=nw.coalesce("created_at", "first_seen"),
        **{one.name: nw.col(one.name).fill_null(one.empty) for one in COMPUTED if one.empty is not None},
        traits=nw.col("traits").fill_null("{}"),
    ).select(*PROFILES.schema.names, "gap_days")
