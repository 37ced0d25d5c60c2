"""Accepted rows of an import → the lake or the records, one sink for each kind.

All but events are staged on disk and come back sorted, so that duplicates and the lines of an order stand
side by side, whatever the size of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.adapters.lake.datasets import EVENTS
from zhiyin.adapters.lake.staging import Staging
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.cells import text
from zhiyin.loop.collect.order_groups import ORDER_OF_LINES, assemble, split_last
from zhiyin.loop.collect.orders import facts
from zhiyin.loop.collect.verdict import Shop, Understood, raw_json
from zhiyin.services import import_customers, import_items
from zhiyin.services.import_rejects import Sink as RejectSink
from zhiyin.services.workspace import Workspace

_RAW = "raw:"
_EVENTS = 250_000  # events of one commit
_LINES = 200_000  # lines of the orders of one commit


@dataclass(slots=True)
class Totals:
    """Rows that added or changed something, and rows that were known."""

    new: int = 0
    unchanged: int = 0


class Sink(Protocol):
    """Takes accepted rows batch by batch; ``finish`` puts them where they belong."""

    def take(self, file: Path, table: pa.Table, understood: Understood) -> None: ...

    def finish(self, on_progress: Callable[[int, int | None, str | None], object]) -> Totals: ...


class _Sink:
    def __init__(
        self,
        ws: Workspace,
        staging: Staging,
        rejects: RejectSink,
        shop: Shop,
        import_id: str = "",
        *,
        dry: bool = False,
        consent: bool | None = None,
        fingerprint: str = "",
    ) -> None:
        self.ws, self.staging, self.rejects, self.shop, self.dry = ws, staging, rejects, shop, dry
        self.import_id, self.consent, self.fingerprint = import_id, consent, fingerprint
        self.seq = 0
        self.totals = Totals()

    def stage(self, rows: pa.Table) -> None:
        numbers = pa.array(np.arange(self.seq, self.seq + rows.num_rows))
        self.seq += rows.num_rows
        self.staging.add(rows.append_column("seq", numbers))


class _Unique(_Sink):
    """Rows with an id of their own: the first of each stays, later ones are rejects."""

    key = ""

    def take(self, file: Path, table: pa.Table, understood: Understood) -> None:
        kept = table.filter(understood.good)
        rows = understood.rows.append_column("file", pa.array([str(file)] * kept.num_rows, pa.string()))
        for name in kept.column_names:
            rows = rows.append_column(_RAW + name, text(kept[name]))
        self.stage(rows)

    def finish(self, on_progress: Callable[[int, int | None, str | None], object]) -> Totals:
        done = 0
        for batch in self._firsts():
            if not self.dry:
                added = self.publish(batch)
                self.totals.new += added
                self.totals.unchanged += batch.num_rows - added
            done += batch.num_rows
            on_progress(done, self.seq, f"Writing {self.key.removesuffix('_id')}s")
        return self.totals

    def publish(self, rows: pa.Table) -> int:
        raise NotImplementedError

    def _firsts(self) -> Iterator[pa.Table]:
        last = None
        for batch in self.staging.sorted((self.key, "seq")):
            ids = batch[self.key].combine_chunks()
            before = pa.concat_arrays([pa.array([last], pa.string()), ids.slice(0, len(ids) - 1)])
            repeated = pc.fill_null(pc.equal(ids, before), False)
            last = ids[-1].as_py()
            if pc.any(repeated).as_py():
                self._reject(batch.filter(repeated))
            yield batch.filter(pc.invert(repeated)).select(
                [name for name in batch.column_names if not name.startswith(_RAW)]
            )

    def _reject(self, rows: pa.Table) -> None:
        for row in rows.to_pylist():
            raw = {k.removeprefix(_RAW): v for k, v in row.items() if k.startswith(_RAW)}
            detail = f"{self.key} {row[self.key]!r} has occurred before in these files; the first stays"
            reject = Reject(
                row["line"], RejectReason.DUPLICATE_ID, detail, raw_json({self.key: row[self.key], **raw})
            )
            self.rejects.add(row["file"], [reject], self.key if self.key == "customer_id" else None)


class Customers(_Unique):
    """Into the records, 5,000 a transaction."""

    key = "customer_id"

    def publish(self, rows: pa.Table) -> int:
        return import_customers.publish(
            self.ws, rows, import_id=self.import_id, consent=self.consent, fingerprint=self.fingerprint
        )


class Items(_Unique):
    """Into the dataset ``items``."""

    key = "item_id"

    def publish(self, rows: pa.Table) -> int:
        return import_items.publish(self.ws, rows)


class Events(_Sink):
    """Into the dataset ``events``, as they come; of equal ids the first stays and the others are unchanged."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._held: list[pa.Table] = []
        self._count = self._version = 0

    def take(self, file: Path, table: pa.Table, understood: Understood) -> None:
        if self.dry:
            return
        self._held.append(understood.rows.select(EVENTS.schema.names).cast(EVENTS.schema))
        self._count += understood.rows.num_rows
        if self._count >= _EVENTS:
            self._write()

    def finish(self, on_progress: Callable[[int, int | None, str | None], object]) -> Totals:
        if self._count:
            self._write()
        return self.totals

    def _write(self) -> None:
        self._version += 1
        rows = pa.concat_tables(self._held)
        added = self.ws.lake.append_new(
            "events", rows, app_id=f"import:{self.import_id}", version=self._version
        )
        self.totals.new += added
        self.totals.unchanged += rows.num_rows - added
        self._held, self._count = [], 0


class Orders(_Sink):
    """Lines are staged, sorted by order, grouped into events and appended."""

    def take(self, file: Path, table: pa.Table, understood: Understood) -> None:
        if not self.dry:
            self.stage(facts(understood.rows))

    def finish(self, on_progress: Callable[[int, int | None, str | None], object]) -> Totals:
        categories = _categories(self.ws)
        done = 0
        for version, lines in enumerate(self._complete_orders(), 1):
            events = assemble(lines, self.shop, categories)
            known = self._known(events)
            added = int(pc.sum(events["rows"].filter(pc.invert(known))).as_py() or 0)
            self.totals.new += added
            self.totals.unchanged += int(pc.sum(events["rows"]).as_py()) - added
            fresh = events.filter(pc.invert(known))
            if fresh.num_rows:
                self.ws.lake.append_new("events", fresh, app_id=f"import:{self.import_id}", version=version)
            done += lines.num_rows
            on_progress(done, self.seq, "Writing orders")
        return self.totals

    def _complete_orders(self) -> Iterator[pa.Table]:
        """Sorted lines, cut where an order ends, about as many as make one commit."""
        held: list[pa.Table] = []
        count = 0
        for batch in self.staging.sorted(ORDER_OF_LINES):
            held.append(batch)
            count += batch.num_rows
            if count >= _LINES:
                complete, rest = split_last(pa.concat_tables(held))
                if complete.num_rows:
                    yield complete
                held, count = [rest], rest.num_rows
        if count:
            yield pa.concat_tables(held)

    def _known(self, events: pa.Table) -> pa.Array:
        """Which events the lake holds, in whatever month: an order whose date was mended is the same order."""
        lake = self.ws.lake
        if not lake.count("events"):
            return pa.array(np.zeros(events.num_rows, bool))
        wanted = lake.engine.table(events.select(["event_id"]))
        held = lake.collect(lake.events().select("event_id").join(wanted, on="event_id", how="semi"))
        return pc.is_in(events["event_id"].combine_chunks(), value_set=held["event_id"].combine_chunks())


SINKS: dict[str, Callable[..., Sink]] = {
    "customers": Customers,
    "items": Items,
    "orders": Orders,
    "events": Events,
}


def _categories(ws: Workspace) -> tuple[pa.Array, pa.Array] | None:
    found = ws.lake.collect(
        ws.lake.items().filter(~nw.col("category").is_null()).select("item_id", "category")
    )
    if not found.num_rows:
        return None
    return found["item_id"].combine_chunks(), found["category"].combine_chunks()
