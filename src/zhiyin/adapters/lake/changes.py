"""What happened to a dataset between two of its versions, from the log of its table."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

ANYTHING = datetime.min.replace(tzinfo=UTC)  # as early as can be: nothing that was known holds for sure
MOST = 500  # versions that are looked at; beyond that it is cheaper to compute anew


def earliest(table: Path, since: int, until: int, column: str = "timestamp") -> datetime | None:
    """The smallest time of the rows added after version ``since``, None if none were.

    ``ANYTHING`` where rows were taken away, or where the log does not tell. Compacted files hold the same rows
    as before and do not count.
    """
    if until - since > MOST or since > until:
        return ANYTHING
    found: datetime | None = None
    for version in range(since + 1, until + 1):
        try:
            lines = (table / "_delta_log" / f"{version:020}.json").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return ANYTHING
        for action in map(json.loads, lines):
            if (action.get("remove") or {}).get("dataChange"):
                return ANYTHING
            added = action.get("add")
            if not added or not added.get("dataChange"):
                continue
            moment = _smallest(added.get("stats"), column)
            if moment is None:
                return ANYTHING
            found = min(found or moment, moment)
    return found


def _smallest(stats: str | None, column: str) -> datetime | None:
    value = (json.loads(stats).get("minValues") or {}).get(column) if stats else None
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
