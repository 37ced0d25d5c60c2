"""Excel workbooks (.xlsx): the first sheet that holds rows, read as a stream."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhiyin.adapters.sources.delimited import unique_names
from zhiyin.adapters.sources.files import Batch, reading
from zhiyin.domain.errors import BadFile
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say

_ROWS = 8_192  # of a batch: cells come slowly, and who wants to see the first ones should not wait for many


class Excel:
    """One workbook; its first filled row is the header. Cells become text, dates in ISO 8601."""

    encoding = ""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        self._names: list[str] = []
        self.rows: int | None = None
        for _, cells in self._cells():
            self._names = unique_names(cells)
            break
        if not self._names:
            raise BadFile(
                say("{path} has no header.", path=path),
                fix=say("The first row of its first sheet must name the columns."),
            )

    def header(self) -> list[str]:
        """The names of the columns; empty and repeated ones made unique."""
        return self._names

    def batches(self) -> Iterator[Batch]:
        """The rows, in order. Empty rows are no rows."""
        width = len(self._names)
        rows: list[list[str]] = []
        lines: list[int] = []
        bad: list[Reject] = []
        cells = self._cells()
        next(cells, None)
        for line, row in cells:
            if len(row) > width:
                detail = say("the row has {n} columns, the header {header}", n=len(row), header=width)
                bad.append(Reject(line, RejectReason.BAD_ROW, detail, ",".join(row)[:2000]))
            else:
                rows.append(row + [""] * (width - len(row)))
                lines.append(line)
            if len(rows) + len(bad) >= _ROWS:
                yield self._batch(rows, lines, bad)
                rows, lines, bad = [], [], []
        if rows or bad:
            yield self._batch(rows, lines, bad)

    def _batch(self, rows: list[list[str]], lines: list[int], bad: list[Reject]) -> Batch:
        columns = [pa.array([row[index] for row in rows], pa.string()) for index in range(len(self._names))]
        return Batch(pa.table(columns, names=self._names), pa.array(lines, pa.int64()), bad)

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            with reading(self.path):
                book = load_workbook(self.path, read_only=True, data_only=True)
        except (zipfile.BadZipFile, KeyError, ValueError, InvalidFileException, SyntaxError) as error:
            raise BadFile(
                say("{path} is no complete Excel workbook.", path=self.path),
                why=say("It may be half-written or of another kind: {error}.", error=error),
                fix=say("Save it again as .xlsx, or as CSV UTF-8."),
            ) from error
        try:
            for sheet in book.worksheets:
                empty = True
                for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                    cells = [_text(cell) for cell in row]
                    while cells and not cells[-1]:
                        cells.pop()
                    if cells:
                        empty = False
                        yield number, cells
                if not empty:
                    return
        except (zipfile.BadZipFile, EOFError, SyntaxError) as error:
            raise BadFile(
                say("{path} cannot be read to its end.", path=self.path),
                why=say("It is damaged: {error}.", error=error),
                fix=say("Save it again."),
            ) from error
        finally:
            book.close()


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime | date | time):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    return str(cell)
