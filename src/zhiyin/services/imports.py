"""Files in: read, understand, keep; every row is imported or rejected with its line and reason."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zhiyin.adapters import sources
from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.lake.staging import Staging
from zhiyin.adapters.records.models import Import
from zhiyin.domain.doubt import DoubtedAddress
from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.text import say
from zhiyin.loop.collect.columns import Column
from zhiyin.services import import_reading as reading
from zhiyin.services import memberships
from zhiyin.services.import_reading import OnProgress
from zhiyin.services.import_rejects import Rejects
from zhiyin.services.import_sinks import SINKS, Totals
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of the rows: read = imported + rejected, imported = new + unchanged.

    ``new`` counts rows that added or changed something, ``unchanged`` those that were known already.
    ``changed`` counts the known orders whose amount is another in the files than in the lake, where the first
    stays; ``changed_orders`` are the first ids of them.
    """

    import_id: str
    kind: str
    read: int
    imported: int
    rejected: int
    new: int
    unchanged: int
    reasons: dict[str, int]
    seconds: float
    columns: list[Column] = field(default_factory=list)
    changed: int = 0
    changed_orders: list[str] = field(default_factory=list)
    doubts: dict[str, int] = field(default_factory=dict)  # of addresses that were imported, by reason
    doubted: list[DoubtedAddress] = field(default_factory=list)  # the first of them


def run(
    ws: Workspace,
    kind: str,
    paths: Sequence[str | Path],
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    on_progress: OnProgress | None = None,
    *,
    dates: str = "",
    consent: bool | None = None,
) -> ImportResult:
    """Take files in. Running the same files again changes nothing; an interrupted run is completed by the next.

    ``consent`` states for all customers of the files whether they agreed to marketing by e-mail, where the
    file does not say. Raises ``BadFile`` for a file that cannot be read or has no column for what is needed,
    before anything is taken from any of them, and ``Busy`` while another import runs.
    """
    start = time.perf_counter()
    with lease(ws.folder / "import.lock", say("Another import is running in this workspace.")):
        record = _begin(ws, kind, paths, mapping or {})
        try:
            plans = reading.plans(ws, kind, paths, mapping, encoding, dates)
            record.files = [str(plan.source.path) for plan in plans]
            record.fingerprint = sources.fingerprint([plan.source.path for plan in plans])
            record.save()
            totals = _take_in(ws, record, kind, plans, on_progress or _quiet, consent)
        except BaseException as error:
            record.status, record.finished_at = "failed", ws.now()
            record.error = (
                error.told if isinstance(error, ZhiyinError) else f"{type(error).__name__}: {error}"
            )
            record.save()
            raise
        record.status, record.finished_at = "done", ws.now()
        record.save()
        memberships.set_back()
    return ImportResult(
        record.import_id,
        kind,
        record.read,
        record.imported,
        record.rejected,
        totals.new,
        totals.unchanged,
        record.reasons,
        time.perf_counter() - start,
        plans[0].columns,
        totals.changed,
        totals.changed_orders,
        record.doubts,
        totals.doubts.first,
    )


def history(ws: Workspace, limit: int = 50) -> list[Import]:
    """The latest imports, newest first, also those that failed."""
    return list(Import.objects.order_by("-started_at", "-id")[:limit])


def _begin(ws: Workspace, kind: str, paths: Sequence[str | Path], mapping: Mapping[str, str]) -> Import:
    # the lease is ours: an import that still says it runs was killed
    Import.objects.filter(status="running").update(
        status="failed",
        finished_at=ws.now(),
        error=say("It was interrupted. Run it again: it completes, and nothing is taken in twice."),
    )
    return Import.objects.create(
        import_id=uuid.uuid4().hex[:12],
        kind=kind,
        files=[str(path) for path in paths],
        mapping=dict(mapping),
        started_at=ws.now(),
    )


def _take_in(
    ws: Workspace,
    record: Import,
    kind: str,
    plans: Sequence[reading.Plan],
    on_progress: OnProgress,
    consent: bool | None,
) -> Totals:
    rejected = Rejects(ws, record.import_id, kind)
    read = 0
    with Staging(ws.folder / "staging", threads=ws.settings.lake.threads) as staging:
        sink = SINKS[kind](ws, staging, rejected, plans[0].shop, record.import_id, consent=consent,
                           fingerprint=record.fingerprint)  # fmt: skip
        for _, plan, table, understood, bad in reading.read(kind, plans, on_progress):
            read += len(understood.good) + len(bad)
            person = next((c.theirs for c in plan.columns if c.ours == "customer_id"), None)
            rejected.add(str(plan.source.path), [*bad, *understood.rejects], person)
            sink.take(plan.source.path, table, understood, person)
        totals = sink.finish(on_progress)
    rejected.flush()
    record.read, record.rejected = read, rejected.total
    record.imported = read - rejected.total
    record.new, record.unchanged = totals.new, totals.unchanged
    record.changed, record.changed_orders = totals.changed, totals.changed_orders
    record.reasons = dict(rejected.reasons.most_common())
    record.doubts = dict(totals.doubts.reasons)
    _forget_earlier(ws, record)
    return totals


def _forget_earlier(ws: Workspace, record: Import) -> None:
    """The rejects of earlier runs of the same files stand in this run's now."""
    earlier = Import.objects.filter(kind=record.kind, fingerprint=record.fingerprint).exclude(pk=record.pk)
    ws.lake.remove("rejects", "import_id", [other.import_id for other in earlier])


def _quiet(done: int, total: int | None = None, label: str | None = None) -> None:
    return None
