"""CSV and Parquet of who took what → typed columns: names understood, bad rows counted by reason."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.adapters.sources.delimited import Delimited
from zhiyin.adapters.sources.encodings import open_utf8
from zhiyin.adapters.sources.files import Batch, Source, open_source, reading
from zhiyin.domain.errors import BadFile
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.text import say

# dates as people write them → microseconds, NaN where there is none
Written = Callable[[pa.ChunkedArray], np.ndarray[Any, Any]]
_FARTHEST = 2.5e17  # microseconds: the year 9,900; what lies beyond is no time
_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"
_NAMES = {
    "user": ("user", "userid", "uid", "customer", "customerid", "household", "householdid", "visitorid"),
    "item": ("item", "itemid", "iid", "product", "productid", "movie", "movieid", "article", "articleid"),
    "rating": ("rating", "score", "stars"),
    "at": ("timestamp", "time", "at", "ts", "date", "datetime", "eventtime", "eventdate"),
    "session": ("session", "sessionid"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The good rows in parts, with ``user``, ``item`` and what else there is of ``rating`` and ``at``.

    ``rows`` counts all rows read, ``rejects`` the bad ones by reason; ``at`` is in microseconds.
    """

    parts: list[pa.Table]
    rows: int
    rejects: Counter[str]


def columns(path: Path, written: Written) -> Columns:
    """The columns of a file. Raises ``BadFile`` where it cannot be read or names no user and item.

    ``written`` reads times that are no numbers.
    """
    source = open_source(path)
    names, headless = _named(path, source, source.header())
    rejects: Counter[str] = Counter()
    rows, parts, exact = 0, [], False
    for batch in _with_first(path, source, headless):
        rows += batch.columns.num_rows + len(batch.bad)
        rejects.update(str(reject.reason) for reject in batch.bad)
        try:
            good, bad, timed = _typed(batch.columns, names, written)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise BadFile(
                say("{path} has columns of the wrong type.", path=path),
                why=say("{said}", said=f"{str(error).rstrip('.')}."),
                fix=say("Users and items are text or whole numbers, ratings and timestamps numbers."),
            ) from error
        rejects.update(bad)
        parts.append(good)
        exact = exact or timed
    if "at" in names:
        parts = _in_microseconds(parts, exact, rejects)
    return Columns(parts, rows, rejects)


def _named(path: Path, source: Source, header: Sequence[str]) -> tuple[dict[str, str], bool]:
    """What each column means; whether the first line is a row already."""
    plain = {
        name: name.partition(":")[0].lower().replace("_", "").replace("-", "").replace(" ", "")
        for name in header
    }
    found = {}
    for meaning, known in _NAMES.items():
        match = next((name for name in header if plain[name] in known), None)
        if match is not None:
            found[meaning] = match
    if "user" not in found and "session" in found:
        found["user"] = found["session"]
    found.pop("session", None)
    if "user" in found and "item" in found:
        return found, False
    if isinstance(source, Delimited) and not found and 2 <= len(header) <= 4:
        first = _first_row(path, source)
        if all(_is_number(cell) for cell in first):
            meanings = ["user", "item", "rating", "at"]
            if len(first) == 3 and abs(float(first[2])) > 1_000_000:
                meanings = ["user", "item", "at"]
            return dict(zip(meanings, header, strict=False)), True
    raise BadFile(
        say("{path} has no columns user and item.", path=path),
        why=say("Its columns are {columns}.", columns=", ".join(header)),
        fix=say("Name them user,item[,rating][,timestamp] in the first line."),
    )


def _first_row(path: Path, source: Delimited) -> list[str]:
    with reading(path), open_utf8(path, source.encoding) as file:
        line = file.readline().decode("utf-8", "replace")
    return next(csv.reader(io.StringIO(line), delimiter=source.delimiter), [])


def _with_first(path: Path, source: Source, headless: bool) -> Iterator[Batch]:
    if headless:
        assert isinstance(source, Delimited)
        cells = [pa.array([cell]) for cell in _first_row(path, source)]
        yield Batch(pa.table(cells, names=source.header()), pa.array([1]))
    yield from source.batches()


def _typed(table: pa.Table, names: dict[str, str], written: Written) -> tuple[pa.Table, Counter[str], bool]:
    """The good rows with their types, how many bad ones there are by reason, and whether times are microseconds."""
    exact = False
    rejects: Counter[str] = Counter()
    good = np.ones(table.num_rows, dtype=np.bool_)
    columns: dict[str, Any] = {}
    for meaning in ("user", "item"):
        values = pc.utf8_trim_whitespace(pc.fill_null(_as_text(table[names[meaning]]), ""))
        columns[meaning] = values
        _note(good, pc.equal(values, "").to_numpy(), RejectReason.MISSING_ID, rejects)
    if "rating" in names:
        numbers = _numbers(table[names["rating"]])
        columns["rating"] = pa.array(numbers)
        _note(good, ~np.isfinite(numbers), RejectReason.BAD_NUMBER, rejects)
    if "at" in names:
        times, exact = _times(table[names["at"]], written)
        columns["at"] = pa.array(times)
        _note(good, ~np.isfinite(times), RejectReason.BAD_DATE, rejects)
    typed = pa.table(columns)
    return (typed if good.all() else typed.filter(pa.array(good))), rejects, exact


def _note(good: Any, bad: Any, reason: RejectReason, rejects: Counter[str]) -> None:
    """Count the bad rows among those still good, and take them out."""
    count = int((good & bad).sum())
    if count:
        rejects[reason] += count
        good &= ~bad


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_floating(column.type):  # ids that a data frame with gaps turned into decimals
        whole = column.to_numpy()
        if np.array_equal(np.floor(whole), whole, equal_nan=True):
            column = column.cast(pa.int64())
    return column.cast(pa.string())


def _numbers(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    """Floats, NaN where there is none."""
    if not pa.types.is_string(column.type):
        return np.asarray(pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(), dtype=np.float64)
    fits = pc.match_substring_regex(column, _NUMBER)
    trimmed = pc.if_else(fits, pc.utf8_trim_whitespace(column), "nan")
    return np.asarray(pc.fill_null(trimmed, "nan").cast(pa.float64()).to_numpy(), dtype=np.float64)


def _times(column: pa.ChunkedArray, written: Written) -> tuple[np.ndarray[Any, Any], bool]:
    """Moments as floats, NaN where there is none, and whether they are microseconds: numbers may be anything."""
    if pa.types.is_temporal(column.type):
        kind = pa.timestamp("us", "UTC") if _zoned(column.type) else pa.timestamp("us")
        plain = column.cast(kind).cast(pa.int64()).cast(pa.float64())
        return np.asarray(pc.fill_null(plain, np.nan).to_numpy(), dtype=np.float64), True
    numbers = _numbers(column)
    if pa.types.is_string(column.type) and np.isnan(numbers).mean() > 0.5:
        return written(column), True
    return numbers, False


def _zoned(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind) and kind.tz is not None


def _in_microseconds(parts: list[pa.Table], exact: bool, rejects: Counter[str]) -> list[pa.Table]:
    """Times as whole microseconds; unless they are so already, told from seconds, milliseconds and nanoseconds
    by their size. What is far beyond any calendar is counted among the bad rows."""
    times = np.concatenate([part["at"].to_numpy() for part in parts]) if parts else np.empty(0)
    size = float(np.median(np.abs(times))) if len(times) else 0.0
    units = ((1e17, 1e-3), (1e14, 1.0), (1e11, 1e3), (0.0, 1e6))
    factor = 1.0 if exact else next(by for least, by in units if size >= least)

    def moved(part: pa.Table) -> pa.Table:
        micros = part["at"].to_numpy() * factor
        good = np.abs(micros) < _FARTHEST
        if not good.all():
            rejects[RejectReason.BAD_DATE] += int((~good).sum())
            part, micros = part.filter(pa.array(good)), micros[good]
        whole = np.rint(micros).astype(np.int64)
        return part.set_column(part.schema.get_field_index("at"), "at", pa.array(whole))

    return [moved(part) for part in parts]


def _is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False
