"""Rejects of files and of the tracking API: looked at, counted, written to a file, or given up."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import narwhals as nw
import pyarrow as pa

from zhiyin.domain import spreadsheet
from zhiyin.domain.errors import BadFile
from zhiyin.domain.text import Text, load, say
from zhiyin.loop.collect import repair_rules
from zhiyin.services import ingest
from zhiyin.services.workspace import Workspace

Origin = Literal["", "api", "files"]
COLUMNS = (
    "source", "received_at", "file", "line", "reason", "detail", "raw", "kind", "import_id", "rejected_at",
)  # fmt: skip
ORDER = ("rejected_at", "import_id", "file", "line", "reject_id")
_MANY = 100_000  # ids in hand at a time


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rejects: of a source or an import, for a reason, since a moment, that hold a text; all if empty.

    ``origin`` is ``api`` or ``files``.
    """

    source: str = ""
    reason: str = ""
    import_id: str = ""
    since: datetime | None = None
    q: str = ""
    origin: Origin = ""


@dataclass(frozen=True, slots=True)
class Count:
    """The rejects of one reason: how many, those of each source (of files under ""), the first and the last."""

    reason: str
    rejects: int
    sources: Mapping[str, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A reject to look at: its row, its payload where that is one, and the paths of the fields that offend."""

    row: Mapping[str, Any]
    payload: Any
    marked: tuple[str, ...]


def frame(ws: Workspace, where: Filter) -> nw.LazyFrame[Any]:
    """The rejects of a filter."""
    found = ws.lake.frame("rejects")
    for column, value in (("source", where.source), ("reason", where.reason), ("import_id", where.import_id)):
        if value:
            found = found.filter(nw.col(column) == value)
    if where.origin:
        of_api = nw.col("import_id") == ""
        found = found.filter(of_api if where.origin == "api" else ~of_api)
    if where.since is not None:
        since = where.since.astimezone(UTC).replace(tzinfo=None)
        found = found.filter(nw.coalesce(nw.col("received_at"), nw.col("rejected_at")) >= since)
    if where.q:
        found = found.filter(
            nw.col("raw").str.contains(where.q, literal=True) | (nw.col("customer_id") == where.q)
        )
    return found


def total(ws: Workspace, where: Filter = Filter()) -> int:
    """How many rejects there are."""
    return int(ws.lake.collect(frame(ws, where).select(n=nw.len()))["n"][0].as_py())


def list_(
    ws: Workspace, where: Filter = Filter(), offset: int = 0, limit: int = 50
) -> tuple[int, list[dict[str, Any]]]:
    """How many there are, and a page of them: newest first; those of a file in the order of its lines."""
    found = frame(ws, where)
    page = found.sort(*ORDER, descending=[True, False, False, False, False]).head(offset + limit)
    return total(ws, where), [_told(row) for row in ws.lake.collect(page).to_pylist()[offset:]]


def reasons(ws: Workspace, where: Filter = Filter()) -> list[Count]:
    """The rejects by reason, most frequent first."""
    at = nw.coalesce(nw.col("received_at"), nw.col("rejected_at"))
    grouped = (
        frame(ws, where)
        .with_columns(at=at)
        .group_by("reason", "source")
        .agg(n=nw.len(), first=nw.col("at").min(), last=nw.col("at").max())
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in ws.lake.collect(grouped).to_pylist():
        found.setdefault(row["reason"], []).append(row)
    counts = [
        Count(
            reason,
            sum(row["n"] for row in rows),
            dict(Counter({row["source"] or "": row["n"] for row in rows}).most_common()),
            min(row["first"] for row in rows).replace(tzinfo=UTC),
            max(row["last"] for row in rows).replace(tzinfo=UTC),
        )
        for reason, rows in found.items()
    ]
    return sorted(counts, key=lambda one: (-one.rejects, one.reason))


def sample(ws: Workspace, where: Filter = Filter(), limit: int = 10) -> list[Sample]:
    """The latest rejects, each with the fields that offend."""
    _, rows = list_(ws, where, 0, limit)
    found = []
    for row in rows:
        payload = payload_of(row["raw"])
        found.append(Sample(row, payload, marked(row, payload)))
    return found


def marked(row: Mapping[str, Any], payload: Any) -> tuple[str, ...]:
    """The fields for which a reject was refused: paths in a payload, the column of a file."""
    return _column(row) if row["import_id"] else tuple(repair_rules.marked(row["reason"], payload))


def payload_of(raw: str | None) -> Any:
    """The payload or row of a reject; None where nothing of it can be read."""
    try:
        return json.loads(raw or "null")
    except (ValueError, RecursionError):
        return None


def export(ws: Workspace, file: str | Path, where: Filter = Filter()) -> int:
    """Write rejects to a CSV file that opens in Excel, formulas escaped; returns how many.

    Where the name ends with ``.jsonl``, the payloads are written as they came, one a line.
    """
    lines = str(file).endswith(".jsonl")
    ordered = frame(ws, where).sort("import_id", "file", "line", "reject_id").select(*COLUMNS)
    written = 0
    try:
        with open(file, "w", encoding="utf-8" if lines else "utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            if not lines:
                writer.writerow(COLUMNS)
            for table in ws.lake.stream(ordered):
                for row in table.to_pylist():
                    if lines:
                        out.write(" ".join((row["raw"] or "null").splitlines()) + "\n")
                    else:
                        told = _told(row)
                        writer.writerow([spreadsheet.cell(told[name]) for name in COLUMNS])
                written += table.num_rows
    except OSError as error:
        raise _unwritable(file, error) from error
    return written


def export_rows(ws: Workspace, file: str | Path, import_id: str) -> int:
    """Write the rejected rows of one import in the columns of its file, to be corrected there and imported
    again; returns how many. Formulas are escaped."""
    ordered = frame(ws, Filter(import_id=import_id)).sort("file", "line", "reject_id").select("raw")
    names: dict[str, None] = {}
    for table in ws.lake.stream(ordered):
        for row in _objects(table):
            names |= dict.fromkeys(row)
    written = 0
    try:
        with open(file, "w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow([spreadsheet.cell(name) for name in names])
            for table in ws.lake.stream(ordered):
                for row in _objects(table):
                    writer.writerow([spreadsheet.cell(row.get(name)) for name in names])
                    written += 1
    except OSError as error:
        raise _unwritable(file, error) from error
    return written


def discard(ws: Workspace, where: Filter = Filter()) -> int:
    """Delete rejects for good; returns how many. What was refused stays in the counts of the day it came."""
    ws.spool.close()
    ingest.drain(ws)  # a replay under way is over before or finds nothing
    gone = 0
    with ws.lake.writing():
        while True:
            ids = ws.lake.collect(frame(ws, where).select("reject_id").head(_MANY))["reject_id"].to_pylist()
            if not ids:
                return gone
            gone += ws.lake.remove_keys("rejects", ids)


def _objects(table: pa.Table) -> Iterator[dict[str, Any]]:
    for raw in table["raw"].to_pylist():
        row = payload_of(raw)
        if isinstance(row, dict):
            yield row


def _column(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The column of a file that the detail names."""
    detail = row["detail"]
    named = detail.values.get("column") if isinstance(detail, Text) else None
    return (named,) if isinstance(named, str) else ()


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A reject of the lake with its detail as the sentence it was."""
    return {**row, "detail": load(row["detail"] or "")}


def _unwritable(file: str | Path, error: OSError) -> BadFile:
    return BadFile(
        say("{file} cannot be written.", file=file),
        why=say("{strerror}.", strerror=error.strerror),
        fix=say("Choose another place."),
    )
