"""Rejected rows of an import on their way into the lake."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from typing import Any, Protocol

import pyarrow as pa

from zhiyin.adapters.lake.datasets import REJECTS
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import dump
from zhiyin.services.workspace import Workspace

_BATCH = 20_000


class Sink(Protocol):
    """Takes rejected rows; ``person`` is the column of the raw row that names the customer."""

    total: int

    def add(self, file: str, found: Sequence[Reject], person: str | None) -> None: ...


class Rejects:
    """Counts rejects by reason and appends them in batches; ``flush`` writes the last."""

    def __init__(self, ws: Workspace, import_id: str, kind: str) -> None:
        self._ws, self._import_id, self._kind = ws, import_id, kind
        self._at = ws.now().astimezone(UTC).replace(tzinfo=None)
        self._rows: list[dict[str, Any]] = []
        self._version = 0
        self.total = 0
        self.reasons: Counter[str] = Counter()

    def add(self, file: str, found: Sequence[Reject], person: str | None) -> None:
        """Keep rejects of a file."""
        for reject in found:
            self.total += 1
            self.reasons[str(reject.reason)] += 1
            self._rows.append(
                {
                    "reject_id": f"{self._import_id}:{self.total}",
                    "import_id": self._import_id,
                    "kind": self._kind,
                    "file": file,
                    "line": reject.line,
                    "reason": str(reject.reason),
                    "detail": dump(reject.detail),
                    "raw": reject.raw,
                    "customer_id": _person(reject.raw, person),
                    "rejected_at": self._at,
                }
            )
        if len(self._rows) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Append what is held."""
        if self._rows:
            self._version += 1
            table = pa.Table.from_pylist(self._rows, schema=REJECTS.schema)
            self._ws.lake.append(
                "rejects", table, app_id=f"import:{self._import_id}:rejects", version=self._version
            )
            self._rows = []


def _person(raw: str, column: str | None) -> str | None:
    """The customer a raw row is about, so that erasing them finds it."""
    if column is None:
        return None
    try:
        row = json.loads(raw)
    except ValueError:
        return None  # a line that was no row names nobody we could know
    found = row.get(column) if isinstance(row, dict) else None
    if isinstance(found, float) and found.is_integer():
        found = int(found)  # ids are read without a point
    return str(found).strip() or None if found is not None else None
