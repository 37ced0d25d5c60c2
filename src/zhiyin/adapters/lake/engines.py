"""Query engines by name: each turns a list of Parquet files into a lazy Narwhals frame, and back to Arrow.

The only place that knows an engine. A frame may be asked for JSON properties as text columns (``extract``),
and for columns that say whether a line of the event has given values (``lines``); and for some rows only
(``among``), of which then alone anything is made; any frame for digests of its columns (``digested``), since
functions on JSON, lists and hashes differ by engine.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial, reduce
from importlib import import_module
from operator import and_
from pathlib import Path
from typing import Any, Protocol

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq

from zhiyin.domain.errors import BadSetting, MissingExtra
from zhiyin.domain.text import say

ENGINES = {"duckdb": "zhiyin.adapters.lake.engines:DuckDB", "spark": "zhiyin.adapters.lake.engines:Spark"}
BATCH = 50_000
JsonPath = str | Sequence[str]  # "column.key", or the column and one key after another
# new column -> fields of a line, each with the values of which it must have one
Lines = Mapping[str, Sequence[tuple[str, Sequence[str]]]]
# new column -> a column of texts and the text before it: the MD5 digest of both, in 32 small hexadecimal digits
Digests = Mapping[str, tuple[str, str]]
Among = tuple[str, pa.Array]  # a column and the values of which it must have one
_JSON_KEY = re.compile(r"[^'\"\\\x00-\x1f]{1,200}")


class Engine(Protocol):
    """Reads Parquet files of one dataset lazily and runs lazy frames."""

    def scan(
        self,
        files: Sequence[str],
        schema: pa.Schema,
        extract: Mapping[str, JsonPath],
        lines: Lines,
        among: Among | None = None,
    ) -> nw.LazyFrame[Any]: ...

    def table(self, table: pa.Table) -> nw.LazyFrame[Any]: ...

    def digested(self, frame: nw.LazyFrame[Any], digests: Digests) -> nw.LazyFrame[Any]: ...

    def collect(self, frame: nw.LazyFrame[Any]) -> pa.Table: ...

    def stream(self, frame: nw.LazyFrame[Any], rows: int = BATCH) -> Iterator[pa.Table]: ...

    def kept(self, frame: nw.LazyFrame[Any]) -> AbstractContextManager[nw.LazyFrame[Any]]: ...


def engine(name: str, *, threads: int = 0, memory: str = "") -> Engine:
    """The engine of that name. Raises ``BadSetting`` for an unknown one, ``MissingExtra`` if not installed."""
    if name not in ENGINES:
        raise BadSetting(
            say("There is no engine {name!r}.", name=name),
            fix=say("Use one of {engines}.", engines=list(ENGINES)),
        )
    module, _, attribute = ENGINES[name].partition(":")
    built: Engine = getattr(import_module(module), attribute)(threads, memory)
    return built


class DuckDB:
    """One in-memory DuckDB; each thread has a connection of its own to it."""

    def __init__(self, threads: int = 0, memory: str = "") -> None:
        import duckdb

        self._root = duckdb.connect()
        self._root.execute("SET TimeZone='UTC'")
        self._root.execute("SET enable_progress_bar=false")  # it would go to standard output
        self._root.execute("SET preserve_insertion_order=false")
        if threads:
            self._root.execute(f"SET threads={int(threads)}")
        if memory:
            self._root.execute("SET memory_limit=?", [memory])
        self._local = threading.local()

    @property
    def connection(self) -> Any:
        """This thread's connection."""
        if not hasattr(self._local, "connection"):
            self._local.connection = self._root.cursor()
        return self._local.connection

    def scan(
        self,
        files: Sequence[str],
        schema: pa.Schema,
        extract: Mapping[str, JsonPath],
        lines: Lines,
        among: Among | None = None,
    ) -> nw.LazyFrame[Any]:
        if files:
            relation = self.connection.read_parquet(list(files), hive_partitioning=True, union_by_name=True)
        else:
            relation = self.connection.from_arrow(schema.empty_table())
        if among is not None:  # before anything is made of a row
            column, values = among
            wanted = self.connection.from_arrow(pa.table({column: values}))
            relation = relation.join(wanted, column, how="semi")
        # hive partitions may be guessed as another type; the declared schema wins
        columns = [
            f'CAST("{name}" AS VARCHAR) AS "{name}"' if name == "month" else f'"{name}"'
            for name in schema.names
        ]
        if missing := set(schema.names) - set(relation.columns):  # the files are older than the schema
            typed = self.connection.from_arrow(schema.empty_table())
            kinds = dict(zip(typed.columns, typed.types, strict=True))
            columns = [
                f'CAST(NULL AS {kinds[name]}) AS "{name}"' if name in missing else column
                for name, column in zip(schema.names, columns, strict=True)
            ]
        for alias, (column, keys) in _paths(extract).items():
            path = "".join(f'."{key}"' for key in keys)
            columns.append(f'json_extract_string("{column}", \'${path}\') AS "{alias}"')
        for alias, pairs in lines.items():
            same = " AND ".join(f'line."{field}" {_among(values)}' for field, values in pairs)
            columns.append(
                f'coalesce(len(list_filter("products", lambda line: {same})) > 0, false) AS "{alias}"'
            )
        return nw.from_native(relation.project(", ".join(columns)))

    def table(self, table: pa.Table) -> nw.LazyFrame[Any]:
        return nw.from_native(self.connection.from_arrow(table))

    def digested(self, frame: nw.LazyFrame[Any], digests: Digests) -> nw.LazyFrame[Any]:
        columns = [
            f'md5({_quoted(salt)} || "{column}") AS "{alias}"' for alias, (column, salt) in digests.items()
        ]
        return nw.from_native(frame.to_native().project(", ".join(["*", *columns])))

    def collect(self, frame: nw.LazyFrame[Any]) -> pa.Table:
        return _plain(frame.collect("pyarrow").to_native())

    def stream(self, frame: nw.LazyFrame[Any], rows: int = BATCH) -> Iterator[pa.Table]:
        for batch in frame.to_native().to_arrow_reader(rows):
            yield _plain(pa.Table.from_batches([batch]))

    @contextmanager
    def kept(self, frame: nw.LazyFrame[Any]) -> Iterator[nw.LazyFrame[Any]]:
        name = f"kept_{uuid.uuid4().hex}"
        frame.to_native().create(name)
        try:
            yield nw.from_native(self.connection.table(name))
        finally:
            self.connection.execute(f"DROP TABLE {name}")


class Spark:
    """A local or attached Spark session; the same frames for those who outgrow one machine."""

    def __init__(self, threads: int = 0, memory: str = "") -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise MissingExtra.of("spark", say("The engine 'spark'")) from error
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        self.session = (
            SparkSession.builder.master(f"local[{threads or '*'}]")
            .appName("zhiyin")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.sql.parquet.inferTimestampNTZ.enabled", "true")
            .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
            .config("spark.sql.ansi.enabled", "false")
            .getOrCreate()
        )
        self.session.sparkContext.setLogLevel("ERROR")

    def scan(
        self,
        files: Sequence[str],
        schema: pa.Schema,
        extract: Mapping[str, JsonPath],
        lines: Lines,
        among: Among | None = None,
    ) -> nw.LazyFrame[Any]:
        from pyspark.sql import functions as F
        from pyspark.sql.pandas.types import from_arrow_schema

        if files:
            root = os.path.commonpath(files).split("/month=")[0]
            if root.endswith(".parquet"):
                root = os.path.dirname(root)
            frame = self.session.read.option("basePath", root).parquet(*files)
        else:
            frame = self.session.createDataFrame([], from_arrow_schema(schema))
        if among is not None:
            column, values = among
            frame = frame.join(self.session.createDataFrame(pa.table({column: values})), column, "leftsemi")
        known, kinds = set(frame.columns), from_arrow_schema(schema)
        columns = [
            F.col(name) if name in known else F.lit(None).cast(kinds[name].dataType).alias(name)
            for name in schema.names
        ]
        for alias, (column, keys) in _paths(extract).items():
            path = "".join(f"['{key}']" for key in keys)
            columns.append(F.get_json_object(F.col(column), f"${path}").alias(alias))
        for alias, pairs in lines.items():
            found = F.exists(F.col("products"), partial(_all_among, pairs))
            columns.append(F.coalesce(found, F.lit(False)).alias(alias))
        return nw.from_native(frame.select(*columns))

    def table(self, table: pa.Table) -> nw.LazyFrame[Any]:
        return nw.from_native(self.session.createDataFrame(table))

    def digested(self, frame: nw.LazyFrame[Any], digests: Digests) -> nw.LazyFrame[Any]:
        from pyspark.sql import functions as F

        columns = {
            alias: F.md5(F.concat(F.lit(salt), F.col(column))) for alias, (column, salt) in digests.items()
        }
        return nw.from_native(frame.to_native().withColumns(columns))

    def collect(self, frame: nw.LazyFrame[Any]) -> pa.Table:
        return _plain(frame.collect("pyarrow").to_native())

    def stream(self, frame: nw.LazyFrame[Any], rows: int = BATCH) -> Iterator[pa.Table]:
        # through files, since a driver that collects would hold everything
        with tempfile.TemporaryDirectory() as folder:
            frame.to_native().write.mode("overwrite").parquet(folder)
            for path in sorted(Path(folder).glob("*.parquet")):
                for batch in pq.ParquetFile(path).iter_batches(rows):
                    yield _plain(pa.Table.from_batches([batch]))

    @contextmanager
    def kept(self, frame: nw.LazyFrame[Any]) -> Iterator[nw.LazyFrame[Any]]:
        native = frame.to_native().persist()
        try:
            yield nw.from_native(native)
        finally:
            native.unpersist()


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _among(values: Sequence[str]) -> str:
    first, *others = map(_quoted, values)
    return f"IN ({', '.join((first, *others))})" if others else f"= {first}"


def _all_among(pairs: Sequence[tuple[str, Sequence[str]]], line: Any) -> Any:
    return reduce(and_, [line[field].isin(list(values)) for field, values in pairs])


def _paths(extract: Mapping[str, JsonPath]) -> dict[str, tuple[str, Sequence[str]]]:
    paths: dict[str, tuple[str, Sequence[str]]] = {}
    for alias, path in extract.items():
        column, *keys = path.split(".", 1) if isinstance(path, str) else path
        if not keys or '"' in alias or not all(map(_JSON_KEY.fullmatch, keys)):
            raise ValueError(f"{path!r} cannot be extracted from JSON")
        paths[alias] = (column, keys)
    return paths


def _plain(table: pa.Table) -> pa.Table:
    """One set of types for all engines: sums of integers as int64, plain timestamps in microseconds."""
    columns = []
    for field in table.schema:
        column, kind = table[field.name], field.type
        if pa.types.is_decimal(kind) and kind.scale == 0:
            column = column.cast(pa.int64())
        elif pa.types.is_timestamp(kind):
            column = column.cast(pa.timestamp("us", tz=kind.tz)).cast(pa.timestamp("us"))
        elif pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            column = column.cast(pa.string())
        elif pa.types.is_integer(kind) and kind != pa.int64():
            column = column.cast(pa.int64())
        columns.append(column)
    return pa.table(columns, names=table.column_names)
