"""The lake: append, read, compact, erase, vacuum. One process writes at a time, many read."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from zhiyin.adapters.lake.changes import earliest
from zhiyin.adapters.lake.datasets import DATASETS, Dataset
from zhiyin.adapters.lake.engines import Digests, Engine, JsonPath, Lines, engine
from zhiyin.adapters.lake.lease import lease
from zhiyin.domain.text import say

_TRIES = 8
_FILE_BYTES = 32 * 1024 * 1024  # small enough that a writer is not kept waiting by a compaction
_LONG_READ = 24  # hours
_CHANGES = 100  # versions of changes after which the files of the older ones go
_WRITTEN = "written"  # counts how often a dataset was written as a whole; its changes belong to one of these
_KEEP_LOG, _NO_LOG = "delta.logRetentionDuration", "interval 0 days"


class Lake:
    """The facts of one workspace, a folder of Delta tables.

    Writers take the lease (``with lake.writing():``, taken by every writing method by itself), so that one
    process writes at a time; a writer that waits longer than ``patience`` seconds gets ``Busy``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        engine_name: str = "duckdb",
        threads: int = 0,
        memory: str = "",
        patience: float = 120.0,
    ) -> None:
        self.folder = Path(folder)
        self.patience = patience
        self._engine_name, self._threads, self._memory = engine_name, threads, memory
        self._held = threading.local()  # a lease belongs to one thread; another one waits for it

    @cached_property
    def engine(self) -> Engine:
        """The query engine, loaded on first use."""
        return engine(self._engine_name, threads=self._threads, memory=self._memory)

    # -- reading ------------------------------------------------------------------------------------------

    def frame(
        self,
        dataset: str,
        extract: Mapping[str, JsonPath] | None = None,
        lines: Lines | None = None,
        of: Collection[str] | None = None,
    ) -> nw.LazyFrame[Any]:
        """A lazy frame of a dataset as it is now.

        ``extract`` maps a new text column to ``column.json_key``, or to the column and one key after another where
        objects are nested. A column that the files do not have yet is null. ``lines`` (of events only) maps a new column
        to fields with the values they may have; it is true where one line of the event fits them all. ``of`` gives
        the rows of these persons only. Where rows were changed since the dataset was written, the changed ones are
        in their place.
        """
        spec = DATASETS[dataset]
        among = None if of is None else (str(spec.person), pa.array(sorted(of), pa.string()))
        scan = partial(
            self.engine.scan, schema=spec.schema, extract=extract or {}, lines=lines or {}, among=among
        )
        table = self.table(dataset)
        frame, changed = scan(table.file_uris() if table is not None else []), self._changed(spec, table)
        if not changed:
            return frame
        changes = scan(changed)
        return nw.concat([frame.join(changes.select(spec.key), on=spec.key, how="anti"), changes])

    def given(self, rows: pa.Table) -> nw.LazyFrame[Any]:
        """A lazy frame of rows at hand, to be joined with what is in the lake."""
        return self.engine.table(rows)

    def events(self, properties: Sequence[str] = ()) -> nw.LazyFrame[Any]:
        """The events; each wanted property becomes a text column ``property_<name>``."""
        return self.frame("events", {f"property_{name}": f"properties.{name}" for name in properties})

    def items(self) -> nw.LazyFrame[Any]:
        """The items, one row each."""
        return self.frame("items")

    def profiles(self, traits: Sequence[str] = ()) -> nw.LazyFrame[Any]:
        """The customers as last profiled; each wanted stated trait becomes a text column ``trait_<name>``."""
        return self.frame("profiles", {f"trait_{name}": f"traits.{name}" for name in traits})

    def scan(self, paths: Sequence[Path], schema: pa.Schema) -> nw.LazyFrame[Any]:
        """A lazy frame of Parquet files that are not in the lake, to be joined with what is."""
        return self.engine.scan([str(path) for path in paths], schema, {}, {})

    def digested(self, frame: nw.LazyFrame[Any], digests: Digests) -> nw.LazyFrame[Any]:
        """A frame with digests: a new column for each column with a text before it, the MD5 of both in hexadecimal."""
        return self.engine.digested(frame, digests) if digests else frame

    def collect(self, frame: nw.LazyFrame[Any]) -> pa.Table:
        """Run a lazy frame: an Arrow table with the same types on every engine."""
        return self.engine.collect(frame)

    def stream(self, frame: nw.LazyFrame[Any]) -> Iterator[pa.Table]:
        """Run a lazy frame in pieces, so that a result of any size fits into memory."""
        return self.engine.stream(frame)

    def kept(self, frame: nw.LazyFrame[Any]) -> AbstractContextManager[nw.LazyFrame[Any]]:
        """Compute a frame once, to be used several times inside ``with``; the engine may spill it to disk."""
        return self.engine.kept(frame)

    def files(self, dataset: str) -> list[str]:
        """The Parquet files of a dataset as it is now."""
        table = self.table(dataset)
        return table.file_uris() if table is not None else []

    def table(self, dataset: str) -> DeltaTable | None:
        """The Delta table, or None before the first write."""
        path = self.folder / dataset
        return DeltaTable(str(path)) if DeltaTable.is_deltatable(str(path)) else None

    def count(self, dataset: str) -> int:
        """Number of rows as last written, from the metadata of the files."""
        table = self.table(dataset)
        return table.count() if table is not None else 0

    def version(self, dataset: str) -> int:
        """The version of a dataset, -1 before the first write; every change makes a new one."""
        table = self.table(dataset)
        return table.version() if table is not None else -1

    def changed(self, dataset: str, since: int, until: int) -> datetime | None:
        """The smallest time of rows that came between two versions, see ``changes.earliest``."""
        return earliest(self.folder / dataset, since, until)

    def among(self, dataset: str, keys: Iterable[str]) -> set[str]:
        """Those of the keys that a dataset holds."""
        spec = DATASETS[dataset]
        wanted = self.engine.table(pa.table({spec.key: pa.array(sorted(keys), pa.string())}))
        found = self.frame(dataset).select(spec.key).join(wanted, on=spec.key, how="semi")
        return set(self.collect(found)[spec.key].to_pylist())

    def committed(self, dataset: str, app_id: str) -> int | None:
        """The last version committed under an application id, None if there is none."""
        table = self.table(dataset)
        return table.transaction_version(app_id) if table is not None else None

    # -- writing ------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, patience: float | None = None) -> Iterator[None]:
        """Hold the writer lease; may be nested. Raises ``Busy`` after ``patience`` seconds, the lake's if None."""
        with self._holding("writer", self.patience if patience is None else patience):
            yield

    @contextmanager
    def reading(self, patience: float | None = None) -> Iterator[None]:
        """For long reads: files stay and nobody is erased meanwhile, while others may write. Raises ``Busy`` after
        ``patience`` seconds, the lake's if None."""
        with self._holding("reader", self.patience if patience is None else patience, shared=True):
            yield

    @contextmanager
    def unread(self) -> Iterator[None]:
        """Wait until long reads are over and keep new ones from beginning; taken before the writer lease."""
        with self._holding("reader", self.patience):
            yield

    @contextmanager
    def _holding(self, name: str, patience: float, *, shared: bool = False) -> Iterator[None]:
        if getattr(self._held, name, False):
            yield
            return
        what = {
            "writer": say("The lake is being written by another process."),
            "reader": say("Somebody is being erased, or the lake is read at length by another process."),
        }[name]
        why = say("It has held the lease for over {seconds:.0f} s.", seconds=patience)
        with lease(self.folder / f"{name}.lock", what, patience=patience, shared=shared, why=why):
            setattr(self._held, name, True)
            try:
                yield
            finally:
                setattr(self._held, name, False)

    def append(self, dataset: str, rows: pa.Table, *, app_id: str, version: int) -> bool:
        """Append rows once: False, and nothing written, if ``app_id`` has committed ``version`` before."""
        with self.writing():
            last = self.committed(dataset, app_id)
            if last is not None and last >= version:
                return False
            self._write(DATASETS[dataset], rows, "append", app_id, version)
            return True

    def append_new(self, dataset: str, rows: pa.Table, *, app_id: str, version: int) -> int:
        """Append the rows whose key the dataset does not hold yet; returns how many those were.

        Keys are compared within the partitions that the rows touch. Of equal keys in ``rows`` the first is
        kept. Repeating a committed ``version`` writes nothing and returns 0.
        """
        spec = DATASETS[dataset]
        with self.writing():
            last = self.committed(dataset, app_id)
            if last is not None and last >= version:
                return 0
            fresh = self._without_known(spec, rows)
            if fresh.num_rows:
                self._write(spec, fresh, "append", app_id, version)
            return fresh.num_rows

    def change(self, dataset: str, rows: pa.Table) -> int:
        """Put rows in the place of those with the same key, without writing the others again; returns how many
        rows are changed by now. They stay changed until the dataset is replaced or ``folded``."""
        spec = DATASETS[dataset]
        beside = DATASETS[str(spec.changes)]
        with self.writing():
            rows = rows.select(spec.schema.names).cast(spec.schema)
            table = self.table(dataset)
            if changed := self._changed(spec, table):
                before = self.engine.scan(changed, spec.schema, {}, {})
                again = self.engine.table(rows.select([spec.key]))
                kept = self.collect(before.join(again, on=spec.key, how="anti"))
                rows = pa.concat_tables([kept.select(spec.schema.names).cast(spec.schema), rows])
            self._write(beside, rows, "overwrite", _WRITTEN, _written(table), schema_mode="overwrite")
            if self.version(beside.name) % _CHANGES == 0:  # each is written anew, and may be every minute
                self._vacuum(beside, _LONG_READ)
            return rows.num_rows

    def fold(self, dataset: str) -> None:
        """Write the changes of a dataset into it."""
        spec = DATASETS[dataset]
        with self.writing():
            batches = (
                batch
                for table in self.stream(self.frame(dataset))
                for batch in table.select(spec.schema.names).cast(spec.schema).to_batches()
            )
            self.replace(dataset, pa.RecordBatchReader.from_batches(spec.schema, batches))

    def upsert(self, dataset: str, rows: pa.Table) -> None:
        """Insert rows, replacing those with the same key."""
        spec = DATASETS[dataset]
        with self.writing():
            table = self.table(dataset)
            if table is None:
                self._write(spec, rows, "append")
                return
            (
                table.merge(
                    rows.select(spec.schema.names).cast(spec.schema),
                    predicate=f"t.{spec.key} = s.{spec.key}",
                    source_alias="s",
                    target_alias="t",
                )
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .execute()
            )

    def replace(self, dataset: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Replace the whole dataset in one commit; readers see the old or the new, never a part."""
        spec = DATASETS[dataset]
        with self.writing():
            # in the same commit, what was changed before is changed no longer
            app_id = _WRITTEN if spec.changes else ""
            version = _written(self.table(dataset)) + 1 if app_id else 0
            self._write(spec, rows, "overwrite", app_id, version, schema_mode="overwrite")

    def compact(self, dataset: str) -> int:
        """Join small files; returns how many were replaced."""
        with self.writing():
            table = self.table(dataset)
            if table is None:
                return 0
            return int(table.optimize.compact(target_size=_FILE_BYTES)["numFilesRemoved"])

    def fragments(self, dataset: str) -> int:
        """Number of files that are small for what ``compact`` makes of them."""
        table = self.table(dataset)
        if table is None:
            return 0
        sizes = pa.table(table.get_add_actions(flatten=True))["size_bytes"]
        return int(pc.sum(pc.less(sizes, _FILE_BYTES // 4)).as_py() or 0)

    def erase(
        self, customer_ids: Iterable[str], texts: Iterable[str] = (), visitors: Iterable[str] = ()
    ) -> dict[str, int]:
        """Delete every row of these customers from every dataset that holds a person, and every reject whose
        raw row holds one of ``texts``, such as their addresses. ``visitors`` are anonymous ids of theirs.

        The rows leave the disk at ``vacuum`` and the log at ``forget``. Returns the deleted rows by dataset.
        """
        ids = ", ".join(map(_quoted, customer_ids))
        unnamed = sorted(visitors)
        raw = " OR ".join(f"strpos(raw, {_quoted(text)}) > 0" for text in (*texts, *unnamed) if text)
        deleted = {}
        with self.writing():
            for spec in DATASETS.values():
                table = self.table(spec.name)
                if spec.erasure != "delete" or table is None or not ids:
                    continue
                rule = f"{spec.person} IN ({ids})"
                if unnamed and "anonymous_id" in spec.schema.names:
                    rule = f"{rule} OR anonymous_id IN ({', '.join(map(_quoted, unnamed))})"
                if raw and "raw" in spec.schema.names:
                    rule = f"{rule} OR {raw}"
                deleted[spec.name] = int(table.delete(rule).get("num_deleted_rows", 0))
        return deleted

    def forget(self) -> None:
        """Drop the history of every table's log, which holds smallest and largest values and conditions of
        deletions: needed after an erasure. What the tables hold now stays."""
        with self.writing():
            for spec in DATASETS.values():
                if (table := self.table(spec.name)) is None:
                    continue
                if table.metadata().configuration.get(_KEEP_LOG) != _NO_LOG:
                    table.alter.set_table_properties({_KEEP_LOG: _NO_LOG})
                    table.update_incremental()
                table.create_checkpoint()
                table.cleanup_metadata()

    def remove(self, dataset: str, column: str, values: Iterable[str]) -> int:
        """Delete the rows whose column has one of these values; returns how many those were."""
        listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
        with self.writing():
            table = self.table(dataset)
            if table is None or not listed:
                return 0
            return int(table.delete(f"{column} IN ({listed})").get("num_deleted_rows", 0))

    def remove_keys(self, dataset: str, keys: Iterable[str]) -> int:
        """Delete the rows of these keys, of which there may be very many; returns how many rows those were."""
        wanted = pa.table({"key": pa.array(sorted(keys), pa.string())})
        with self.writing():
            table = self.table(dataset)
            if table is None or not wanted.num_rows:
                return 0
            # a condition that lists some ten thousand keys is slow, and a longer one breaks the engine
            merge = table.merge(
                wanted, predicate=f"t.{DATASETS[dataset].key} = s.key", source_alias="s", target_alias="t"
            )
            return int(merge.when_matched_delete().execute()["num_target_rows_deleted"])

    def vacuum(self, *, keep_hours: int = 24 * 7) -> int:
        """Remove files that no current version needs and that are older; returns how many."""
        removed = 0
        # a long read may need files that just went out of use
        with self.unread() if keep_hours < _LONG_READ else nullcontext(), self.writing():
            for spec in DATASETS.values():
                removed += self._vacuum(spec, keep_hours)
        return removed

    # -- helpers ------------------------------------------------------------------------------------------

    def _changed(self, spec: Dataset, table: DeltaTable | None) -> list[str]:
        """The files of the rows that were changed since the dataset was written as this table."""
        beside = self.table(spec.changes) if spec.changes else None
        return beside.file_uris() if beside is not None and _written(beside) == _written(table) else []

    def _vacuum(self, spec: Dataset, keep_hours: int) -> int:
        if (table := self.table(spec.name)) is None:
            return 0
        files = table.vacuum(retention_hours=keep_hours, enforce_retention_duration=False, dry_run=False)
        return len(files)

    def _without_known(self, spec: Dataset, rows: pa.Table) -> pa.Table:
        numbered = pa.table({"key": rows[spec.key], "row": pa.array(range(rows.num_rows), pa.int64())})
        first = numbered.group_by("key").aggregate([("row", "min")])["row_min"]
        rows = rows.take(first.take(pc.sort_indices(first)))
        if self.table(spec.name) is None:
            return rows
        known = self.frame(spec.name)
        if spec.partition:
            values = pc.unique(rows[spec.partition]).to_pylist()
            known = known.filter(nw.col(spec.partition).is_in(values))
        wanted = self.engine.table(rows.select([spec.key]))
        present = self.collect(known.select(spec.key).join(wanted, on=spec.key, how="semi"))[spec.key]
        return rows.filter(pc.invert(pc.is_in(rows[spec.key], value_set=present.combine_chunks())))

    def _write(
        self,
        spec: Dataset,
        rows: pa.Table | pa.RecordBatchReader,
        mode: Any,
        app_id: str = "",
        version: int = 0,
        schema_mode: Any = None,
    ) -> None:
        if isinstance(rows, pa.Table):
            rows = rows.select(spec.schema.names).cast(spec.schema)
        transactions = [Transaction(app_id, version)] if app_id else None
        for attempt in range(_TRIES):
            try:
                write_deltalake(
                    str(self.folder / spec.name),
                    rows,
                    mode=mode,
                    schema_mode=schema_mode,
                    partition_by=[spec.partition] if spec.partition else None,
                    commit_properties=CommitProperties(app_transactions=transactions),
                )
                return
            except CommitFailedError:
                if attempt == _TRIES - 1 or not isinstance(rows, pa.Table):
                    raise
                time.sleep(0.05 * 2**attempt)


def _written(table: DeltaTable | None) -> int:
    return (table.transaction_version(_WRITTEN) or 0) if table is not None else 0


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
