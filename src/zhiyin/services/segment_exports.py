"""Exports of a segment's members: CSV and Parquet with their profiles, match lists with hashes for ad platforms."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from zhiyin.adapters.lake.datasets import PROFILES
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.text import say
from zhiyin.loop.deliver.match_list import PLATFORMS
from zhiyin.services import segments
from zhiyin.services.batches import batches
from zhiyin.services.match_lists import MatchList
from zhiyin.services.workspace import Workspace

CSV, PARQUET = "csv", "parquet"
FORMATS = (CSV, PARQUET, *PLATFORMS)
_BY_ENDING = {".csv": CSV, ".parquet": PARQUET}
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Export:
    """What an export came to: ``members = written + sum(left_out.values())``, the latter by reason code."""

    format: str
    members: int
    written: int
    left_out: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def format_of(file: str | Path, format: str = "") -> str:
    """The format asked for, else the one that the file's ending tells. Raises ``BadSetting``.

    >>> format_of("members.parquet"), format_of("members.csv", "match-google")
    ('parquet', 'match-google')
    """
    if format in FORMATS:
        return format
    known = ", ".join(FORMATS)
    if format:
        raise BadSetting(
            say("There is no format {format!r}.", format=format), fix=say("Use one of {known}.", known=known)
        )
    found = _BY_ENDING.get(Path(file).suffix.lower())
    if found is None:
        raise BadSetting(
            say("The name {name!r} does not tell a format.", name=Path(file).name),
            fix=say("Let it end in .csv or .parquet, or state one of {known}.", known=known),
        )
    return found


def export(ws: Workspace, key: str, file: str | Path | IO[Any], format: str = "") -> Export:
    """Write the members of a segment to a path, or to an open file: of bytes for Parquet, else of text.

    CSV and Parquet hold everyone with their profiles, money in minor units; Parquet has zoned times and the
    texts as they are. A match list holds those whom the gate of sends lets through, the others are counted.
    Rows pass a batch at a time; what sorts them is the engine. Raises ``NotFound``, and
    ``BadSetting`` for an unknown format.
    """
    if isinstance(file, str | Path):
        format = format_of(file, format)
        segments.get(ws, key)  # before a file is made
        if format == CSV:
            return _whole(CSV, segments.export(ws, key, file))
        if format == PARQUET:
            with open(file, "wb") as binary:
                return export(ws, key, binary, format)
        with open(file, "w", newline="", encoding="utf-8") as out:
            return export(ws, key, out, format)
    format = format_of("", format)
    if format == CSV:
        return _whole(CSV, segments.export(ws, key, file))
    if format == PARQUET:
        return _whole(PARQUET, _write_parquet(ws, key, file))
    writer = csv.writer(file, lineterminator="\n")
    if header := PLATFORMS[format].header:
        writer.writerow(header)
    found = MatchList(ws, PLATFORMS[format])
    for batch in _ids(ws, key):
        writer.writerows(found.rows(batch))
    return _matched(format, found)


def review(ws: Workspace, key: str, format: str) -> Export:
    """What a match list would come to now, without writing it."""
    found = MatchList(ws, PLATFORMS[format])
    for batch in _ids(ws, key):
        for _ in found.rows(batch):
            pass
    return _matched(format, found)


def _matched(format: str, found: MatchList) -> Export:
    return Export(format, found.asked, found.written, dict(sorted(found.left_out.items())))


def _whole(format: str, written: int) -> Export:
    return Export(format, written, written)


def _ids(ws: Workspace, key: str) -> Iterator[list[str]]:
    for table in segments.stream(ws, key, ["customer_id"]):
        yield from batches(table["customer_id"].to_pylist(), _BATCH)


def _write_parquet(ws: Workspace, key: str, file: IO[bytes]) -> int:
    written = 0
    with pq.ParquetWriter(file, SCHEMA) as writer:
        for table in segments.stream(ws, key):
            writer.write_table(table.select(SCHEMA.names).cast(SCHEMA))
            written += table.num_rows
    return written


def _outside(kind: pa.DataType) -> pa.DataType:
    """The lake's times are plain UTC; whoever reads the file should not have to know."""
    return pa.timestamp("us", "UTC") if pa.types.is_timestamp(kind) else kind


SCHEMA = pa.schema([(name, _outside(PROFILES.schema.field(name).type)) for name in segments.EXPORT_COLUMNS])
