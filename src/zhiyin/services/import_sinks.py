"""Accepted rows of an import → the lake or the records, one sink for each kind.

All but events are staged on disk and come back sorted, so that duplicates and the lines of an order stand
side by side, whatever the size of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
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
from zhiyin.domain.text import say
from zhiyin.loop.collect.order_groups import ORDER_OF_LINES, assemble, split_last
from zhiyin.loop.collect.orders import facts
from zhiyin.loop.collect.verdict import Shop, Understood, raw_json
from zhiyin.services import import_customers, import_items, orders, suppressions
from zhiyin.services.doubts import Doubts
from zhiyin.services.import_rejects import Sink as RejectSink
from zhiyin.services.workspace import Workspace

_RAW = "raw:"
_EVENTS = 250_000  # events of one commit
_SHOWN = 5  # changed orders that are named
_LINES = 200_000  # lines of the orders of one commit


@dataclass(slots=True)
class Totals:
    """Rows that added or changed something, and rows that were known.

    ``changed`` counts the known orders whose amount is another in the file than in the lake, which stays;
    ``changed_orders`` are the first of them. ``doubts`` are those about addresses of customers.
    """

    new: int = 0
    unchanged: int = 0
    changed: int = 0
    changed_orders: list[str] = field(default_factory=list)
    doubts: Doubts = field(default_factory=Doubts)


class Sink(Protocol):
    """Takes accepted rows batch by batch; ``finish`` puts them where they belong.

    ``person`` is the column of the file that names the customer.
    """

    def take(self, file: Path, table: pa.Table, understood: Understood, person: str | None) -> None: ...

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


class Unique(_Sink):
    """Rows with an id of their own: the first of each stays and is published, later ones are rejects."""

    def __init__(
        self, key: str, publish: Callable[[Unique, pa.Table], int], *args: Any, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.key, self._publish = key, publish
        self._layouts: list[pa.Schema] = []
        self._persons: dict[str, str | None] = {}

    def take(self, file: Path, table: pa.Table, understood: Understood, person: str | None) -> None:
        """Stage the accepted rows beside the cells they came from, in case they turn out to be duplicates.

        Files whose columns differ in name, type or order have a layout each, so that no row gets cells of another.
        """
        if table.schema not in self._layouts:
            self._layouts.append(table.schema)
        layout = self._layouts.index(table.schema)
        self._persons[str(file)] = person
        kept = table.filter(understood.good)
        rows = understood.rows.append_column("file", pa.array([str(file)] * kept.num_rows, pa.string()))
        rows = rows.append_column("layout", pa.array([layout] * kept.num_rows, pa.int32()))
        for index, cells in enumerate(kept.columns):
            rows = rows.append_column(f"{_RAW}{layout}:{index}", cells)
        self.stage(rows)

    def finish(self, on_progress: Callable[[int, int | None, str | None], object]) -> Totals:
        done = 0
        for batch in self._firsts():
            if self.key == "customer_id":
                self.totals.doubts.add(batch["email"])
            if not self.dry:
                added = self._publish(self, batch)
                self.totals.new += added
                self.totals.unchanged += batch.num_rows - added
            done += batch.num_rows
            on_progress(done, self.seq, f"Writing {self.key.removesuffix('_id')}s")
        return self.totals

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
            names = self._layouts[row["layout"]].names
            raw = {name: row[f"{_RAW}{row['layout']}:{index}"] for index, name in enumerate(names)}
            detail = say(
                "{column} {cell!r} {says}",
                column=self.key,
                cell=row[self.key],
                says=say("has occurred before in these files; the first stays"),
            )
            reject = Reject(row["line"], RejectReason.DUPLICATE_ID, detail, raw_json(raw))
            self.rejects.add(row["file"], [reject], self._persons[row["file"]])


def _customers(sink: Unique, rows: pa.Table) -> int:
    """Into the records, 5,000 a transaction."""
    return import_customers.publish(
        sink.ws, rows, import_id=sink.import_id, consent=sink.consent, fingerprint=sink.fingerprint
    )


def _items(sink: Unique, rows: pa.Table) -> int:
    """Into the dataset ``items``."""
    return import_items.publish(sink.ws, rows)


def _suppressions(sink: Unique, rows: pa.Table) -> int:
    """Onto the list of addresses that must not be written to."""
    return suppressions.publish(sink.ws, rows)


class Events(_Sink):
    """Into the dataset ``events``, as they come; of equal ids the first stays and the others are unchanged."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._held: list[pa.Table] = []
        self._count = self._version = 0

    def take(self, file: Path, table: pa.Table, understood: Understood, person: str | None) -> None:
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
        with self.ws.lake.writing():
            fresh, once = rows, orders.once(rows)
            if pc.any(once).as_py():
                held = orders.held(self.ws, rows.filter(once))
                fresh = rows.filter(pc.invert(pc.and_(once, orders.known(rows, held))))
            app_id = f"import:{self.import_id}"
            added = orders.append_new(self.ws, fresh, app_id=app_id, version=self._version)
        self.totals.new += added
        self.totals.unchanged += rows.num_rows - added
        self._held, self._count = [], 0


class Orders(_Sink):
    """Lines are staged, sorted by order, grouped into events and appended."""

    def take(self, file: Path, table: pa.Table, understood: Understood, person: str | None) -> None:
        if not self.dry:
            self.stage(facts(understood.rows))

    def finish(self, on_progress: Callable[[int, int | None, str | None], object]) -> Totals:
        categories = _categories(self.ws)
        done = 0
        for version, lines in enumerate(self._complete_orders(), 1):
            events = assemble(lines, self.shop, categories)
            with self.ws.lake.writing():  # what the spool brings comes before this, or after it and is told
                held = orders.held(self.ws, events)
                known = orders.known(events, held)
                fresh = events.filter(pc.invert(known))
                if fresh.num_rows:
                    orders.append_new(self.ws, fresh, app_id=f"import:{self.import_id}", version=version)
            self._compare(events.filter(known), held)
            added = int(pc.sum(fresh["rows"]).as_py() or 0)
            self.totals.new += added
            self.totals.unchanged += int(pc.sum(events["rows"]).as_py()) - added
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

    def _compare(self, known: pa.Table, held: pa.Table) -> None:
        """Count known orders that say another amount now: the lake keeps facts as they first came."""
        places = pc.index_in(known["event_id"], value_set=held["event_id"].combine_chunks())
        before = held["amount"].take(places.combine_chunks())
        differs = pc.fill_null(pc.not_equal(known["amount"], before), False)
        orders = known["order_id"].filter(differs)
        self.totals.changed += len(orders)
        room = _SHOWN - len(self.totals.changed_orders)
        self.totals.changed_orders += orders.slice(0, room).to_pylist()


SINKS: dict[str, Callable[..., Sink]] = {
    "customers": partial(Unique, "customer_id", _customers),
    "items": partial(Unique, "item_id", _items),
    "suppressions": partial(Unique, "address", _suppressions),
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
