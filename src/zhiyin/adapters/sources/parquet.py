"""Parquet: columns keep their types; read by row groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zhiyin.adapters.sources.files import ROWS, Batch, reading
from zhiyin.domain.errors import BadFile
from zhiyin.domain.text import say


class Parquet:
    """One Parquet file; the line of a row is its number, from 1."""

    encoding = ""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        with self._readable() as file:
            self.rows: int | None = file.metadata.num_rows
            self._names = file.schema_arrow.names

    def header(self) -> list[str]:
        """The names of the columns."""
        return self._names

    def batches(self) -> Iterator[Batch]:
        """The rows, in order."""
        first = 1
        with reading(self.path), self._readable() as file:
            batches = file.iter_batches(ROWS)
            while True:
                try:
                    record = next(batches, None)
                except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                    raise self._broken(error) from error
                if record is None:
                    return
                table = pa.table([_plain(column) for column in record.columns], names=self._names)
                yield Batch(table, pa.array(range(first, first + record.num_rows), pa.int64()))
                first += record.num_rows

    def _readable(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path, memory_map=False, pre_buffer=False)
        except pa.ArrowInvalid as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> BadFile:
        return BadFile(
            say("{path} is no complete Parquet file.", path=self.path),
            why=say("It may be half-written: {error}.", error=str(error).rstrip(".")),
            fix=say("Wait until its export has finished, or fetch it again."),
        )


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column
