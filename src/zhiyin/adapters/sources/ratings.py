"""Files of who took what, as researchers publish them: columns, or lists on lines; each bad line with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zhiyin.adapters.sources.files import expand, open_bytes, reading
from zhiyin.adapters.sources.rating_columns import Written, columns
from zhiyin.domain.errors import BadFile
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.text import say

FORMATS = ("columns", "lists", "sequences", "sessions")
_MOST_BAD = 0.1  # of the rows; more than that, and the file is not what it was taken for


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


def read(path: Path, form: str, written: Written) -> Taken:
    """The rows of a file. Raises ``BadFile`` where it cannot be read, has no rows, or too many bad ones.

    ``columns`` is CSV or Parquet with ``user,item[,rating][,timestamp]``, a header or none; ``lists`` has a user
    and their items on each line, ``sequences`` the same in the order of time, ``sessions`` items alone. Times that
    are no numbers are read by ``written``.
    """
    (path,) = expand([path])
    return _columns(path, written) if form == "columns" else _lines(path, form)


def read_prefixes(path: Path) -> Prefixes:
    """Lines of ``prefix TAB next``, the items of a prefix parted by blanks."""
    (path,) = expand([path])
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


def _columns(path: Path, written: Written) -> Taken:
    found = columns(path, written)
    _judge(path, found.rows, found.rejects, "user,item[,rating][,timestamp]")
    table = pa.concat_tables(found.parts)
    names = table.column_names
    return Taken(
        table["user"].combine_chunks(),
        table["item"].combine_chunks(),
        table["rating"].to_numpy() if "rating" in names else None,
        table["at"].to_numpy() if "at" in names else None,
        None,
        found.rows,
        {reason: count for reason, count in found.rejects.items() if count},
    )


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
        raise BadFile(
            say("{path} names no items.", path=path),
            why=say("A line of {form} holds a user and then items, parted by blanks.", form=form),
            fix=say("Check --format, or the file."),
        )
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
