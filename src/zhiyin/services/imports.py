"""Files in: read, understand, keep; every row is imported or rejected with its line and reason."""

from __future__ import annotations

import csv
import time
import uuid
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa

from zhiyin.adapters import sources
from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.lake.staging import Staging
from zhiyin.adapters.records.models import Import
from zhiyin.domain import spreadsheet
from zhiyin.domain.errors import BadFile, NotFound, ZhiyinError
from zhiyin.domain.money import display
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import load, say
from zhiyin.loop.collect import columns as collect_columns
from zhiyin.loop.collect import customers, events, items, orders
from zhiyin.loop.collect.columns import Column
from zhiyin.loop.collect.moments import date_order
from zhiyin.loop.collect.order_groups import NAMES
from zhiyin.loop.collect.verdict import Shop, Understood
from zhiyin.services.import_rejects import Rejects
from zhiyin.services.import_sinks import SINKS, Totals
from zhiyin.services.workspace import Workspace

UNDERSTAND: Mapping[str, Callable[[pa.Table, pa.Array, Sequence[Column], Shop], Understood]] = {
    "customers": customers.understand,
    "items": items.understand,
    "orders": orders.understand,
    "events": events.understand,
}
KINDS = tuple(UNDERSTAND)
_INTERNAL = {"part", "whole", "received_at", "month", "date", "local_date", "source"}
OnProgress = Callable[[int, int | None, str | None], object]


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


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do: how columns are understood, the first rows, and what would be rejected."""

    kind: str
    files: list[str]
    columns: list[Column]
    rows: list[dict[str, Any]]
    read: int
    imported: int
    rejected: int
    reasons: dict[str, int]
    rejects: list[Reject]
    sample: bool = False  # only the beginning of the files was read


@dataclass(frozen=True, slots=True)
class _Plan:
    """One file, opened and its columns understood, before anything is taken from it."""

    source: sources.Source
    columns: list[Column]
    shop: Shop


def preview(
    ws: Workspace,
    kind: str,
    paths: Sequence[str | Path],
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    limit: int = 10,
    *,
    dates: str = "",
    on_progress: OnProgress | None = None,
    rows: int | None = None,
    seconds: float | None = None,
) -> Preview:
    """Read files and keep nothing: whole ones, or until about so many ``rows`` or ``seconds``.

    Raises ``BadFile`` like ``run``.
    """
    until = None if seconds is None else time.monotonic() + seconds
    plans = _plans(ws, kind, paths, mapping, encoding, dates)
    shown: list[dict[str, Any]] = []
    rejects = _Counted(limit)
    read, sample = 0, False
    with Staging(ws.folder / "staging", threads=ws.settings.lake.threads) as staging:
        sink = SINKS[kind](ws, staging, rejects, plans[0].shop, dry=True)
        with closing(_read(kind, plans, on_progress)) as batches:
            for _, plan, table, understood, bad in batches:
                if (rows is not None and read >= rows) or (
                    until is not None and read and time.monotonic() > until
                ):
                    sample = True
                    break
                read += len(understood.good) + len(bad)
                if len(shown) < limit:
                    few = understood.rows.slice(0, limit - len(shown)).to_pylist()
                    shown += [_shown(row, plan.shop) for row in few]
                rejects.add(str(plan.source.path), [*bad, *understood.rejects], None)
                sink.take(plan.source.path, table, understood, None)
        sink.finish(_quiet)
    return Preview(
        kind,
        [str(plan.source.path) for plan in plans],
        plans[0].columns,
        shown,
        read,
        read - rejects.total,
        rejects.total,
        dict(rejects.reasons),
        rejects.first,
        sample,
    )


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
            plans = _plans(ws, kind, paths, mapping, encoding, dates)
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
    )


def history(ws: Workspace, limit: int = 50) -> list[Import]:
    """The latest imports, newest first, also those that failed."""
    return list(Import.objects.order_by("-started_at", "-id")[:limit])


def rejects(
    ws: Workspace,
    import_id: str | None = None,
    reason: str | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[int, list[dict[str, Any]]]:
    """How many rejected rows there are, and a page of them, newest import first, in order of file and line."""
    frame = _rejects_frame(ws, import_id, reason)
    total = int(ws.lake.collect(frame.select(n=nw.len()))["n"][0].as_py())
    order = ("rejected_at", "import_id", "file", "line", "reject_id")
    page = frame.sort(*order, descending=[True, False, False, False, False]).head(offset + limit)
    return total, [_told(row) for row in ws.lake.collect(page).to_pylist()[offset:]]


def export_rejects(ws: Workspace, file: str | Path, import_id: str | None = None) -> int:
    """Write the rejected rows to a CSV file that opens in Excel; returns how many. Formulas are escaped."""
    columns = ("file", "line", "reason", "detail", "raw", "kind", "import_id", "rejected_at")
    frame = _rejects_frame(ws, import_id, None).sort("import_id", "file", "line")
    table = ws.lake.collect(frame.select(*columns))
    try:
        with open(file, "w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(columns)
            for batch in table.to_batches(10_000):
                writer.writerows(
                    [
                        [spreadsheet.cell(row[name]) for name in columns]
                        for row in map(_told, batch.to_pylist())
                    ]
                )
    except OSError as error:
        raise BadFile(
            say("{file} cannot be written.", file=file),
            why=say("{strerror}.", strerror=error.strerror),
            fix=say("Choose another place."),
        ) from error
    return table.num_rows


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


def _plans(
    ws: Workspace,
    kind: str,
    paths: Sequence[str | Path],
    mapping: Mapping[str, str] | None,
    encoding: str | None,
    dates: str,
) -> list[_Plan]:
    if kind not in KINDS:
        raise NotFound(
            say("There is no kind of import {kind!r}.", kind=kind),
            fix=say("Use one of {kinds}.", kinds=list(KINDS)),
        )
    shop = Shop(ws.timezone, ws.settings.shop.currency, ws.now(), dates)
    return [_plan(path, kind, mapping, encoding, shop) for path in sources.expand(paths)]


def _plan(
    path: Path, kind: str, mapping: Mapping[str, str] | None, encoding: str | None, shop: Shop
) -> _Plan:
    source = sources.open_source(path, encoding)
    sample = next((batch.columns for batch in source.batches() if batch.columns.num_rows), None)
    if sample is None:
        sample = pa.table({name: pa.array([], pa.string()) for name in source.header()})
    columns = collect_columns.guess(kind, sample, mapping, file=str(path))
    if kind == "orders":
        kept = set(collect_columns.order_extras(columns, sample))
        columns = [_of_order(column, kept) for column in columns]
    time_column = next(
        (c.theirs for c in columns if c.ours in ("timestamp", "created_at", "consent_at")), None
    )
    found = date_order(sample[time_column]) if time_column and not shop.dates else ""
    if found:
        shop = Shop(shop.zone, shop.currency, shop.now, found)
    return _Plan(source, columns, shop)


def _of_order(column: Column, kept: set[str]) -> Column:
    """Extra columns that differ between the lines of an order say nothing of the order."""
    if column.how != "extra" or column.theirs in kept:
        return column
    return Column(column.theirs, column.ours, "ignored", column.sample)


def _read(
    kind: str, plans: Sequence[_Plan], on_progress: OnProgress | None
) -> Generator[tuple[int, _Plan, pa.Table, Understood, list[Reject]]]:
    """The batches of all files, understood, with the rows that were no rows."""
    known = [plan.source.rows for plan in plans]
    total = None if None in known else sum(rows or 0 for rows in known)
    done = 0
    for number, plan in enumerate(plans):
        for batch in plan.source.batches():
            columns = collect_columns.widened(plan.columns, batch.columns.column_names)
            understood = UNDERSTAND[kind](batch.columns, batch.lines, columns, plan.shop)
            yield number, plan, batch.columns, understood, batch.bad
            done += batch.columns.num_rows + len(batch.bad)
            if on_progress:
                on_progress(
                    done, None if total is None else max(done, total), f"Reading {plan.source.path.name}"
                )


def _take_in(
    ws: Workspace,
    record: Import,
    kind: str,
    plans: Sequence[_Plan],
    on_progress: OnProgress,
    consent: bool | None,
) -> Totals:
    rejected = Rejects(ws, record.import_id, kind)
    read = 0
    with Staging(ws.folder / "staging", threads=ws.settings.lake.threads) as staging:
        sink = SINKS[kind](ws, staging, rejected, plans[0].shop, record.import_id, consent=consent,
                           fingerprint=record.fingerprint)  # fmt: skip
        for _, plan, table, understood, bad in _read(kind, plans, on_progress):
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
    _forget_earlier(ws, record)
    return totals


def _forget_earlier(ws: Workspace, record: Import) -> None:
    """The rejects of earlier runs of the same files stand in this run's now."""
    earlier = Import.objects.filter(kind=record.kind, fingerprint=record.fingerprint).exclude(pk=record.pk)
    ws.lake.remove("rejects", "import_id", [other.import_id for other in earlier])


def _rejects_frame(ws: Workspace, import_id: str | None, reason: str | None) -> nw.LazyFrame[Any]:
    frame = ws.lake.frame("rejects")
    if import_id is not None:
        frame = frame.filter(nw.col("import_id") == import_id)
    if reason:
        frame = frame.filter(nw.col("reason") == reason)
    return frame


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A rejected row of the lake with its detail as the sentence it was."""
    return {**row, "detail": load(row["detail"] or "")}


def _shown(row: Mapping[str, Any], shop: Shop) -> dict[str, Any]:
    """An accepted row for people: local times, amounts with their currency, no columns of our own."""
    currency = row.get("currency") or shop.currency
    readable: dict[str, Any] = {}
    for name, value in row.items():
        if name in _INTERNAL:
            continue
        if name == "kind":
            readable["event"] = NAMES[value]
        elif name in ("price", "line_amount", "total", "amount") and value is not None:
            readable[name] = display(value, currency)
        elif isinstance(value, datetime):
            local = value.replace(tzinfo=UTC).astimezone(shop.zone)
            readable["timestamp" if name == "at" else name] = f"{local:%Y-%m-%d %H:%M:%S}"
        else:
            readable[name] = value
    return readable


class _Counted:
    """Rejects of a dry run: counted, the first ones kept."""

    def __init__(self, limit: int) -> None:
        self.total, self.reasons, self.first, self._limit = 0, Counter[str](), list[Reject](), limit

    def add(self, file: str, found: Sequence[Reject], person: str | None) -> None:
        self.total += len(found)
        self.reasons.update(str(reject.reason) for reject in found)
        self.first += found[: max(self._limit - len(self.first), 0)]


def _quiet(done: int, total: int | None = None, label: str | None = None) -> None:
    return None
