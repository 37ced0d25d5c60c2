"""Staging: rows on their way into the lake, kept on disk so that they can be sorted in constant memory."""

from __future__ import annotations

import fcntl
import shutil
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

MEMORY = "256MB"  # of the sort, before it spills to the same folder
BATCH = 65_536


class Staging:
    """A folder of one import, removed at the end. What a killed process left behind goes at the next start."""

    def __init__(self, root: Path, *, threads: int = 0) -> None:
        self.root, self._threads = Path(root), threads
        self.folder = self.root / uuid.uuid4().hex
        self._writer: pq.ParquetWriter | None = None
        self._files = 0

    def __enter__(self) -> Staging:
        self.root.mkdir(parents=True, exist_ok=True)
        _sweep(self.root)
        self.folder.mkdir()
        self._lock = open(self.folder / "lock", "w")  # held until the end
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, rows: pa.Table) -> None:
        """Keep rows; a change of columns starts another file."""
        if self._writer is not None and not self._writer.schema.equals(rows.schema):
            self._close()
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self.folder / f"{self._files:06d}.parquet", rows.schema, compression="lz4"
            )
            self._files += 1
        self._writer.write_table(rows)

    def sorted(self, by: Sequence[str]) -> Iterator[pa.Table]:
        """All rows in the order of some columns, in batches; columns that a file lacks are null."""
        import duckdb

        self._close()
        if not self._files:
            return
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar=false")  # it would go to standard output
            connection.execute("SET memory_limit=?", [MEMORY])
            connection.execute("SET temp_directory=?", [str(self.folder / "spill")])
            if self._threads:
                connection.execute(f"SET threads={int(self._threads)}")
            names = ", ".join(f'"{name}"' for name in by)
            reader = connection.sql(
                f"SELECT * FROM read_parquet(?, union_by_name=true) ORDER BY {names}",
                params=[str(self.folder / "*.parquet")],
            ).to_arrow_reader(BATCH)
            for record in reader:
                yield pa.Table.from_batches([record])

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _sweep(root: Path) -> None:
    for folder in root.iterdir():
        lock = folder / "lock"
        if not lock.is_file():
            continue
        with open(lock) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # another import is at work
            shutil.rmtree(folder, ignore_errors=True)
