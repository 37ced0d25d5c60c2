"""What an import would do, tried without keeping anything."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zhiyin.adapters.lake.staging import Staging
from zhiyin.domain.doubt import DoubtedAddress
from zhiyin.domain.money import display
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.columns import Column
from zhiyin.loop.collect.order_groups import NAMES
from zhiyin.loop.collect.verdict import Shop
from zhiyin.services import import_reading as reading
from zhiyin.services.import_reading import OnProgress
from zhiyin.services.import_sinks import SINKS
from zhiyin.services.workspace import Workspace

_INTERNAL = {"part", "whole", "received_at", "month", "date", "local_date", "source"}


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do: how columns are understood, the first rows, and what would be rejected."""

    kind: str
    files: list[str]
    columns: list[Column]
    rows: list[dict[str, Any]]
    read: int
    imported: int
    rejected: int
    reasons: dict[str, int]
    rejects: list[Reject]
    sample: bool = False  # only the beginning of the files was read
    doubts: dict[str, int] = field(
        default_factory=dict
    )  # of addresses, by reason; nothing is rejected for them
    doubted: list[DoubtedAddress] = field(default_factory=list)  # the first of them


def preview(
    ws: Workspace,
    kind: str,
    paths: Sequence[str | Path],
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    limit: int = 10,
    *,
    dates: str = "",
    on_progress: OnProgress | None = None,
    rows: int | None = None,
    seconds: float | None = None,
) -> Preview:
    """Read files and keep nothing: whole ones, or until about so many ``rows`` or ``seconds``.

    Raises ``BadFile`` like ``imports.run``.
    """
    until = None if seconds is None else time.monotonic() + seconds
    plans = reading.plans(ws, kind, paths, mapping, encoding, dates)
    shown: list[dict[str, Any]] = []
    rejects = _Counted(limit)
    read, sample = 0, False
    with Staging(ws.folder / "staging", threads=ws.settings.lake.threads) as staging:
        sink = SINKS[kind](ws, staging, rejects, plans[0].shop, dry=True)
        with closing(reading.read(kind, plans, on_progress)) as batches:
            for _, plan, table, understood, bad in batches:
                if (rows is not None and read >= rows) or (
                    until is not None and read and time.monotonic() > until
                ):
                    sample = True
                    break
                read += len(understood.good) + len(bad)
                if len(shown) < limit:
                    few = understood.rows.slice(0, limit - len(shown)).to_pylist()
                    shown += [_shown(row, plan.shop) for row in few]
                rejects.add(str(plan.source.path), [*bad, *understood.rejects], None)
                sink.take(plan.source.path, table, understood, None)
        doubts = sink.finish(_quiet).doubts
    return Preview(
        kind,
        [str(plan.source.path) for plan in plans],
        plans[0].columns,
        shown,
        read,
        read - rejects.total,
        rejects.total,
        dict(rejects.reasons),
        rejects.first,
        sample,
        dict(doubts.reasons),
        doubts.first,
    )


def _shown(row: Mapping[str, Any], shop: Shop) -> dict[str, Any]:
    """An accepted row for people: local times, amounts with their currency, no columns of our own."""
    currency = row.get("currency") or shop.currency
    readable: dict[str, Any] = {}
    for name, value in row.items():
        if name in _INTERNAL:
            continue
        if name == "kind":
            readable["event"] = NAMES[value]
        elif name in ("price", "line_amount", "total", "amount") and value is not None:
            readable[name] = display(value, currency)
        elif isinstance(value, datetime):
            local = value.replace(tzinfo=UTC).astimezone(shop.zone)
            readable["timestamp" if name == "at" else name] = f"{local:%Y-%m-%d %H:%M:%S}"
        else:
            readable[name] = value
    return readable


class _Counted:
    """Rejects of a dry run: counted, the first ones kept."""

    def __init__(self, limit: int) -> None:
        self.total, self.reasons, self.first, self._limit = 0, Counter[str](), list[Reject](), limit

    def add(self, file: str, found: Sequence[Reject], person: str | None) -> None:
        self.total += len(found)
        self.reasons.update(str(reject.reason) for reject in found)
        self.first += found[: max(self._limit - len(self.first), 0)]


def _quiet(done: int, total: int | None = None, label: str | None = None) -> None:
    return None
