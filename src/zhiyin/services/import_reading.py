"""Files of an import, opened and understood: which column means what, and batch by batch what the rows say."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from zhiyin.adapters import sources
from zhiyin.domain.errors import NotFound
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say
from zhiyin.loop.collect import columns as collect_columns
from zhiyin.loop.collect import customers, events, items, orders, suppressions
from zhiyin.loop.collect.columns import Column
from zhiyin.loop.collect.moments import date_order
from zhiyin.loop.collect.verdict import Shop, Understood
from zhiyin.services.workspace import Workspace

UNDERSTAND: Mapping[str, Callable[[pa.Table, pa.Array, Sequence[Column], Shop], Understood]] = {
    "customers": customers.understand,
    "items": items.understand,
    "orders": orders.understand,
    "events": events.understand,
    "suppressions": suppressions.understand,
}
KINDS = tuple(UNDERSTAND)
OnProgress = Callable[[int, int | None, str | None], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """One file, opened and its columns understood, before anything is taken from it."""

    source: sources.Source
    columns: list[Column]
    shop: Shop


def plans(
    ws: Workspace,
    kind: str,
    paths: Sequence[str | Path],
    mapping: Mapping[str, str] | None,
    encoding: str | None,
    dates: str,
) -> list[Plan]:
    """The files, none of them read yet. Raises ``BadFile`` for one that cannot be, or lacks a column."""
    if kind not in KINDS:
        raise NotFound(
            say("There is no kind of import {kind!r}.", kind=kind),
            fix=say("Use one of {kinds}.", kinds=list(KINDS)),
        )
    shop = Shop(ws.timezone, ws.settings.shop.currency, ws.now(), dates)
    return [_plan(path, kind, mapping, encoding, shop) for path in sources.expand(paths)]


def _plan(path: Path, kind: str, mapping: Mapping[str, str] | None, encoding: str | None, shop: Shop) -> Plan:
    source = sources.open_source(path, encoding)
    sample = next((batch.columns for batch in source.batches() if batch.columns.num_rows), None)
    if sample is None:
        sample = pa.table({name: pa.array([], pa.string()) for name in source.header()})
    columns = collect_columns.guess(kind, sample, mapping, file=str(path))
    if kind == "orders":
        kept = set(collect_columns.order_extras(columns, sample))
        columns = [_of_order(column, kept) for column in columns]
    time_column = next(
        (c.theirs for c in columns if c.ours in ("timestamp", "created_at", "consent_at")), None
    )
    found = date_order(sample[time_column]) if time_column and not shop.dates else ""
    if found:
        shop = Shop(shop.zone, shop.currency, shop.now, found)
    return Plan(source, columns, shop)


def _of_order(column: Column, kept: set[str]) -> Column:
    """Extra columns that differ between the lines of an order say nothing of the order."""
    if column.how != "extra" or column.theirs in kept:
        return column
    return Column(column.theirs, column.ours, "ignored", column.sample)


def read(
    kind: str, plans: Sequence[Plan], on_progress: OnProgress | None
) -> Generator[tuple[int, Plan, pa.Table, Understood, list[Reject]]]:
    """The batches of all files, understood, with the rows that were no rows."""
    known = [plan.source.rows for plan in plans]
    total = None if None in known else sum(rows or 0 for rows in known)
    done = 0
    for number, plan in enumerate(plans):
        for batch in plan.source.batches():
            columns = collect_columns.widened(plan.columns, batch.columns.column_names)
            understood = UNDERSTAND[kind](batch.columns, batch.lines, columns, plan.shop)
            yield number, plan, batch.columns, understood, batch.bad
            done += batch.columns.num_rows + len(batch.bad)
            if on_progress:
                on_progress(
                    done, None if total is None else max(done, total), f"Reading {plan.source.path.name}"
                )
