"""JSON Lines: one object per line; an object inside becomes columns ``outer.inner``, a list stays JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from zhiyin.adapters.sources.encodings import UNDECODED, detect, open_utf8
from zhiyin.adapters.sources.files import ROWS, Batch, reading
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say

_RAW = 2000
_UNDECODED = UNDECODED.encode()
_SAMPLE = 2000  # lines that the header is taken from; later keys join it as they come


class JsonLines:
    """One file of JSON objects; values become text as JSON writes them."""

    rows: int | None = None

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        self.encoding = detect(path, encoding)

    def header(self) -> list[str]:
        """The keys of the first lines, in order of appearance."""
        batch = next(self._read(_SAMPLE), None)
        return batch.columns.column_names if batch is not None else []

    def batches(self) -> Iterator[Batch]:
        """The rows, in order; a line that is no object is set aside."""
        return self._read(ROWS)

    def _read(self, size: int) -> Iterator[Batch]:
        decode = msgspec.json.Decoder().decode
        rows: list[dict[str, str | None]] = []
        lines: list[int] = []
        bad: list[Reject] = []
        names: dict[str, None] = {}
        with reading(self.path), open_utf8(self.path, self.encoding) as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    value = decode(line)
                except msgspec.DecodeError as error:
                    bad.append(
                        Reject(
                            number,
                            RejectReason.BAD_ROW,
                            say("the line is no JSON: {error}", error=error),
                            _shown(line),
                        )
                    )
                else:
                    if _UNDECODED in line:
                        detail = say("the line holds bytes that are no characters in the file's encoding")
                        bad.append(Reject(number, RejectReason.BAD_ENCODING, detail, _shown(line)))
                        continue
                    if isinstance(value, dict):
                        row = _flat(value)
                        names.update(dict.fromkeys(row))
                        rows.append(row)
                        lines.append(number)
                    else:
                        bad.append(
                            Reject(number, RejectReason.BAD_ROW, say("the line is no object"), _shown(line))
                        )
                if len(rows) + len(bad) >= size:
                    yield _batch(rows, lines, bad, names)
                    rows, lines, bad = [], [], []
            if rows or bad:
                yield _batch(rows, lines, bad, names)


def _flat(value: Mapping[str, Any]) -> dict[str, str | None]:
    row: dict[str, str | None] = {}
    for key, cell in value.items():
        if isinstance(cell, dict) and cell:
            for inner, deep in cell.items():
                row[f"{key}.{inner}"] = _text(deep)
        else:
            row[key] = _text(cell)
    return row


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False)
    return str(cell)


def _batch(
    rows: list[dict[str, str | None]], lines: list[int], bad: list[Reject], names: Mapping[str, None]
) -> Batch:
    columns = [pa.array([row.get(name) for row in rows], pa.string()) for name in names]
    return Batch(pa.table(columns, names=list(names)), pa.array(lines, pa.int64()), bad)


def _shown(line: bytes) -> str:
    return line.decode().replace(UNDECODED, "\ufffd").rstrip("\r\n")[:_RAW]
