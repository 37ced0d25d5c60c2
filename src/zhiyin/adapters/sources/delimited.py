"""CSV and its kin: the delimiter is sniffed, rows of the wrong width are set aside with their line."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from zhiyin.adapters.sources.encodings import UNDECODED, detect, open_utf8
from zhiyin.adapters.sources.files import Batch, reading
from zhiyin.domain.errors import BadFile
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say

DELIMITERS = (",", "\t", ";", "|")
_BLOCK = 4 << 20
_SAMPLE = 256 << 10
_RAW = 2000  # characters of a bad row that are kept


class Delimited:
    """One delimited text file with a header line; every column is text."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        self.encoding = detect(path, encoding)
        with open_utf8(path, self.encoding) as file:
            sample = file.read(_SAMPLE)
        text = sample.decode("utf-8", "replace")
        self.delimiter = sniff(text)
        first = next(csv.reader(io.StringIO(text), delimiter=self.delimiter), [])
        self._names = unique_names(first)
        if not any(name.strip() for name in first):
            raise BadFile(
                say("{path} has no header.", path=path), fix=say("Its first line must name the columns.")
            )
        lines = sample.count(b"\n") or 1
        self.rows = None if _packed(path) else max(1, round(path.stat().st_size / (len(sample) / lines)) - 1)

    def header(self) -> list[str]:
        """The names of the columns; empty and repeated ones made unique."""
        return self._names

    def batches(self) -> Iterator[Batch]:
        """The rows, in order. Blank lines are no rows."""
        bad: list[tuple[int, int, str]] = []

        def set_aside(row: arrow_csv.InvalidRow) -> str:
            bad.append((row.number, row.actual_columns, row.text))
            return "skip"

        with reading(self.path), open_utf8(self.path, self.encoding) as file:
            stream = _Counting(file)
            try:
                reader = arrow_csv.open_csv(
                    pa.PythonFile(stream, "r"),
                    read_options=arrow_csv.ReadOptions(
                        autogenerate_column_names=True, block_size=_BLOCK, use_threads=False
                    ),
                    parse_options=arrow_csv.ParseOptions(
                        delimiter=self.delimiter,
                        newlines_in_values=True,
                        ignore_empty_lines=False,
                        invalid_row_handler=set_aside,
                    ),
                    convert_options=arrow_csv.ConvertOptions(
                        column_types={f"f{index}": pa.string() for index in range(len(self._names))},
                        strings_can_be_null=False,
                        null_values=[],
                        check_utf8=False,
                    ),
                )
                yield from self._numbered(reader, bad, stream)
            except pa.ArrowInvalid as error:
                raise self._broken(error) from error

    def _numbered(
        self, reader: arrow_csv.CSVStreamingReader, bad: list[tuple[int, int, str]], stream: _Counting
    ) -> Iterator[Batch]:
        row, extra, taken = 1, 0, 0  # next row, line breaks inside values so far, bad rows handled
        held: Batch | None = None
        for record in reader:
            upcoming = bad[taken:]
            numbers, used = _row_numbers(row, record.num_rows, [number for number, _, _ in upcoming])
            row = int(numbers[-1]) + 1 if record.num_rows else row
            breaks, extra = _breaks(record, extra)
            rejects = []
            for number, width, text in upcoming[:used]:
                position = int(np.searchsorted(numbers, number))
                before = int(breaks[position]) if position < len(breaks) else extra
                rejects.append(self._width(number + before, width, text))
                if inside := text.count("\n"):
                    breaks[position:] += inside
                    extra += inside
            lines = numbers + breaks
            taken += used
            first = 1 if held is None and len(lines) and lines[0] == 1 else 0
            batch = _decoded(record.slice(first), lines[first:], self._names)
            if held is not None:
                yield held
            held = Batch(batch.columns, batch.lines, [*rejects, *batch.bad])
        rest = [
            self._width(number + extra, width, text) for number, width, text in bad[taken:] if text.strip()
        ]
        if held is not None:
            if stream.quotes % 2:
                held = _without_unclosed(held)
            yield Batch(held.columns, held.lines, held.bad + rest)

    def _width(self, line: int, width: int, text: str) -> Reject:
        detail = say("the row has {n} columns, the header {header}", n=width, header=len(self._names))
        return Reject(line, RejectReason.BAD_ROW, detail, text.replace(UNDECODED, "\ufffd")[:_RAW])

    def _broken(self, error: pa.ArrowInvalid) -> BadFile:
        if "straddling" in str(error):
            return BadFile(
                say("{path} has a row of more than {size} MB.", path=self.path, size=_BLOCK >> 20),
                why=say("Most likely a quotation mark is opened and never closed."),
                fix=say('Double the quotation marks inside values ("") and export it again.'),
            )
        return BadFile(
            say("{path} cannot be read as CSV.", path=self.path),
            why=say("{said}", said=f"{str(error).rstrip('.')}."),
            fix=say("Export it again."),
        )


def sniff(text: str) -> str:
    """The delimiter that splits the first lines most often into the same number of columns.

    >>> sniff("id;name\\n1;Oolong, first pick\\n")
    ';'
    """
    lines = text.splitlines()[:50]
    best, score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        if not widths or widths[0] < 2:
            continue
        same = Counter(widths)[widths[0]] / len(widths)
        if (same, widths[0]) > score:
            best, score = delimiter, (same, widths[0])
    return best


def unique_names(header: list[str]) -> list[str]:
    """Column names, trimmed; empty ones numbered, repeated ones told apart.

    >>> unique_names(["id", " name", "", "id"])
    ['id', 'name', 'column_3', 'id_2']
    """
    names: list[str] = []
    for index, name in enumerate(header, 1):
        base = str(name).strip().strip("\ufeff") or f"column_{index}"
        name, n = base, 1
        while name in names:
            n += 1
            name = f"{base}_{n}"
        names.append(name)
    return names


class _Counting(io.RawIOBase):
    """Counts quotation marks on the way: an odd number means that one is never closed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.quotes = file, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.quotes += data.count(b'"')
        return data


def _packed(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _row_numbers(row: int, count: int, bad: list[int]) -> tuple[np.ndarray, int]:
    """The numbers of the next ``count`` good rows from ``row`` on, and how many bad ones lie among them."""
    used = 0
    while used < len(bad) and bad[used] < row + count + used:
        used += 1
    numbers = np.arange(row, row + count + used)
    if used:
        numbers = np.delete(numbers, np.array(bad[:used]) - row)
    return numbers, used


def _breaks(record: pa.RecordBatch, before: int) -> tuple[np.ndarray, int]:
    """For each row, the line breaks inside values of all rows before it."""
    counts = np.zeros(record.num_rows, np.int64)
    for column in record.columns:
        if _holds(column, "\n"):
            counts += pc.count_substring(column, "\n").to_numpy(zero_copy_only=False)
    total = np.cumsum(counts)
    return before + total - counts, before + (int(total[-1]) if len(total) else 0)


def _decoded(record: pa.RecordBatch, lines: np.ndarray, names: list[str]) -> Batch:
    """The rows as text; those with bytes that are no characters are set aside, blank ones left out."""
    good = np.zeros(record.num_rows, bool)
    undecoded = np.zeros(record.num_rows, bool)
    for column in record.columns:
        good |= pc.not_equal(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
        if _holds(column, UNDECODED):
            undecoded |= pc.match_substring(column, UNDECODED).to_numpy(zero_copy_only=False)
    bad = []
    for index in np.flatnonzero(undecoded).tolist():
        cells = [column[index].as_py() for column in record.columns]
        detail = say("the row holds bytes that are no characters in the file's encoding")
        raw = ",".join(cells).replace(UNDECODED, "\ufffd")[:_RAW]
        bad.append(Reject(int(lines[index]), RejectReason.BAD_ENCODING, detail, raw))
    table, numbers = pa.table(record.columns, names=names), pa.array(lines)
    if undecoded.any() or not good.all():
        mask = pa.array(good & ~undecoded)
        table, numbers = table.filter(mask), numbers.filter(mask)
    return Batch(table, numbers, bad)


def _holds(column: pa.Array, text: str) -> bool:
    """Whether any value of the column may hold the text: one search through the buffer behind it."""
    data = column.buffers()[-1]
    return data is not None and memoryview(data).tobytes().find(text.encode()) >= 0


def _without_unclosed(batch: Batch) -> Batch:
    if not len(batch.lines):
        return batch
    last = batch.columns.slice(len(batch.lines) - 1).to_pylist()[0]
    if not any("\n" in value for value in last.values()):
        return batch
    text = ",".join(last.values())[:_RAW]
    reject = Reject(
        batch.lines[-1].as_py(),
        RejectReason.BAD_ROW,
        say("a quotation mark is opened here and never closed; the rest of the file is inside it"),
        text,
    )
    count = len(batch.lines) - 1
    return Batch(batch.columns.slice(0, count), batch.lines.slice(0, count), [*batch.bad, reject])
