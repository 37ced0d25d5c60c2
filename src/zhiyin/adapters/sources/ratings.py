"""Files of who took what, as researchers publish them: columns, or lists on lines; each bad line with its reason."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.adapters.sources.delimited import Delimited
from zhiyin.adapters.sources.encodings import open_utf8
from zhiyin.adapters.sources.files import Batch, Source, open_bytes, open_source, reading
from zhiyin.domain.errors import BadFile
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.text import say

FORMATS = ("columns", "lists", "sequences", "sessions")
_MOST_BAD = 0.1  # of the rows; more than that, and the file is not what it was taken for
_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"
_NAMES = {
    "user": ("user", "userid", "uid", "customer", "customerid", "household", "householdid", "visitorid"),
    "item": ("item", "itemid", "iid", "product", "productid", "movie", "movieid", "article", "articleid"),
    "rating": ("rating", "score", "stars"),
    "at": ("timestamp", "time", "at", "ts", "date", "datetime", "eventtime", "eventdate"),
    "session": ("session", "sessionid"),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows of one file: who took which item, with the rating and the time (microseconds UTC) where known.

    ``session`` numbers the line a row comes from, where lines are sessions. ``rows`` counts all rows read;
    what is not here was rejected, and ``rejects`` counts that by reason.
    """

    user: pa.Array
    item: pa.Array
    rating: np.ndarray[Any, Any] | None
    at: np.ndarray[Any, Any] | None
    session: np.ndarray[Any, Any] | None
    rows: int
    rejects: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Beginnings of sessions, each with the item that came next: list r is ``item[indptr[r]:indptr[r + 1]]``."""

    indptr: np.ndarray[Any, Any]
    item: pa.Array
    answer: pa.Array
    rows: int
    rejects: dict[str, int] = field(default_factory=dict)


def read(path: Path, form: str = "columns") -> Taken:
    """The rows of a file. Raises ``BadFile`` where it cannot be read, has no rows, or too many bad ones.

    ``columns`` is CSV or Parquet with ``user,item[,rating][,timestamp]``, a header or none; ``lists`` has a user
    and their items on each line, ``sequences`` the same in the order of time, ``sessions`` items alone.
    """
    return _columns(path) if form == "columns" else _lines(path, form)


def read_prefixes(path: Path) -> Prefixes:
    """Lines of ``prefix TAB next``, the items of a prefix parted by blanks."""
    lengths, items, answers, rejects = [0], list[str](), list[str](), Counter[str]()
    rows = 0
    for line in _text_lines(path, rejects):
        rows += 1
        prefix, tab, answer = line.rpartition("\t")
        told = prefix.split()
        if not tab or not told or len(answer.split()) != 1:
            rejects[RejectReason.BAD_ROW] += 1
            continue
        items += told
        answers.append(answer.strip())
        lengths.append(len(told))
    _judge(path, rows + rejects[RejectReason.BAD_ENCODING], rejects, "prefix TAB next")
    indptr = np.cumsum(lengths, dtype=np.int64)
    return Prefixes(indptr, pa.array(items, pa.string()), pa.array(answers, pa.string()), rows, dict(rejects))


# -- columns ----------------------------------------------------------------------------------------------


def _columns(path: Path) -> Taken:
    source = open_source(path)
    header = source.header()
    names, headless = _named(path, source, header)
    rejects: Counter[str] = Counter()
    rows, parts, exact = 0, [], False
    for batch in _with_first(path, source, headless):
        rows += batch.columns.num_rows + len(batch.bad)
        rejects.update(str(reject.reason) for reject in batch.bad)
        try:
            good, bad, timed = _typed(batch.columns, names)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise BadFile(
                say("{path} has columns of the wrong type.", path=path),
                why=say("{said}", said=f"{str(error).rstrip('.')}."),
                fix=say("Users and items are text or whole numbers, ratings and timestamps numbers."),
            ) from error
        rejects.update(bad)
        parts.append(good)
        exact = exact or timed
    _judge(path, rows, rejects, "user,item[,rating][,timestamp]")
    table = pa.concat_tables(parts)
    times = table["at"].to_numpy() if "at" in names else None
    return Taken(
        table["user"].combine_chunks(),
        table["item"].combine_chunks(),
        table["rating"].to_numpy() if "rating" in names else None,
        None if times is None else _microseconds(times, exact),
        None,
        rows,
        {reason: count for reason, count in rejects.items() if count},
    )


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


def _typed(table: pa.Table, names: dict[str, str]) -> tuple[pa.Table, Counter[str], bool]:
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
        times, exact = _times(table[names["at"]])
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


def _times(column: pa.ChunkedArray) -> tuple[np.ndarray[Any, Any], bool]:
    """Moments as floats, NaN where there is none, and whether they are microseconds: numbers may be anything."""
    if pa.types.is_temporal(column.type):
        kind = pa.timestamp("us", "UTC") if _zoned(column.type) else pa.timestamp("us")
        plain = column.cast(kind).cast(pa.int64()).cast(pa.float64())
        return np.asarray(pc.fill_null(plain, np.nan).to_numpy(), dtype=np.float64), True
    numbers = _numbers(column)
    if pa.types.is_string(column.type) and np.isnan(numbers).all():
        known: dict[str, float] = {}
        found = [known.setdefault(text, _moment(text)) for text in column.to_pylist()]
        return np.array(found, dtype=np.float64), True
    return numbers, False


def _zoned(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind) and kind.tz is not None


def _moment(text: str | None) -> float:
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return float("nan")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000_000


def _microseconds(times: np.ndarray[Any, Any], exact: bool) -> np.ndarray[Any, Any]:
    """Whole microseconds; unless they are so already, told from seconds and milliseconds by their size."""
    size = float(np.median(np.abs(times))) if len(times) else 0.0
    factor = 1 if exact or size > 1e14 else 1_000 if size > 1e11 else 1_000_000
    return np.asarray(np.rint(times * factor), dtype=np.int64)


def _is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False


# -- lines ------------------------------------------------------------------------------------------------


def _lines(path: Path, form: str) -> Taken:
    users, items, session, rejects = list[str](), list[str](), list[int](), Counter[str]()
    rows = 0
    for number, line in enumerate(_text_lines(path, rejects)):
        rows += 1
        cells = line.split()
        owner, told = (f"{number}", cells) if form == "sessions" else (cells[0], cells[1:])
        users += [owner] * len(told)
        items += told
        session += [number] * len(told)
    _judge(path, rows + rejects[RejectReason.BAD_ENCODING], rejects, "items parted by blanks")
    if not items:
        raise _no_rows(path)
    return Taken(
        pa.array(users, pa.string()),
        pa.array(items, pa.string()),
        None,
        None,
        np.array(session, dtype=np.int32) if form == "sessions" else None,
        rows,
        dict(rejects),
    )


def _text_lines(path: Path, rejects: Counter[str]) -> Iterable[str]:
    """Lines that are not blank; those that are not UTF-8 are counted."""
    with reading(path), open_bytes(path) as file:
        for raw in file:
            if not raw.strip():
                continue
            try:
                yield raw.decode("utf-8-sig").rstrip("\r\n")
            except UnicodeDecodeError:
                rejects[RejectReason.BAD_ENCODING] += 1


def _judge(path: Path, rows: int, rejects: Counter[str], expected: str) -> None:
    if not rows:
        raise _no_rows(path)
    bad = sum(rejects.values())
    if bad > _MOST_BAD * rows:
        told = ", ".join(f"{reason} {count}" for reason, count in rejects.most_common())
        raise BadFile(
            say("{path} has too many bad rows: {bad} of {rows}.", path=path, bad=bad, rows=rows),
            why=say("By reason: {told}.", told=told),
            fix=say(
                "Expected is {expected}. Check --format, the delimiter and the header.", expected=expected
            ),
        )


def _no_rows(path: Path) -> BadFile:
    return BadFile(say("{path} has no rows.", path=path), fix=say("Check that its export has finished."))
