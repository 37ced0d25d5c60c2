"""Orders: each counts once, whether a browser, a server or a file tells of it, and however often."""

from __future__ import annotations

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.adapters.records.models import Collected
from zhiyin.adapters.spool import SpoolMemory, keys
from zhiyin.loop.collect import order_ids
from zhiyin.services.workspace import Workspace

APP = "spool"  # the name under which batches are committed


def last_batch(ws: Workspace, memory: SpoolMemory) -> int:
    """The highest version that anybody knows, so that a lost memory cannot make a batch look known."""
    rows = Collected.objects.values_list("version", flat=True)
    tables = [ws.lake.committed(name, APP) or 0 for name in ("events", "rejects")]
    return max(memory.version(), max(rows, default=0), *tables)


def inform(ws: Workspace, memory: SpoolMemory) -> None:
    """Tell the spool's memory of the orders in the lake, where it may not know them all: it is new, was lost, or an
    import was cut short. Within the lake's writer lease."""
    if memory.informed():
        return
    last, now = last_batch(ws, memory), ws.now()
    if ws.lake.count("events"):
        once = ws.lake.events().filter(
            nw.col("type") == "track",
            nw.col("event").is_in(sorted(order_ids.ONCE)),
            ~nw.col("order_id").is_null(),
        )
        for rows in ws.lake.stream(once.select("event", "order_id", "customer_id")):
            ids = order_ids.column(*(column.combine_chunks() for column in rows.columns))
            memory.tell(keys(ids.to_pylist()), last, now, informed=False)
    memory.tell(keys(()), last, now)


def held(ws: Workspace, events: pa.Table) -> pa.Table:
    """What the lake holds of these events, in whatever month: an order whose date was mended is the same order.

    Of a guest's order also the one that names her. Columns ``event_id`` and ``amount``.
    """
    ids = pc.unique(events["event_id"].combine_chunks())
    if not len(ids) or not ws.lake.count("events"):
        return events.select(["event_id", "amount"]).slice(0, 0)
    wanted = ws.lake.engine.table(pa.table({"event_id": pc.unique(pa.concat_arrays([ids, _named(ids)]))}))
    return ws.lake.collect(
        ws.lake.events().select("event_id", "amount").join(wanted, on="event_id", how="semi")
    )


def known(events: pa.Table, held: pa.Table) -> pa.Array:
    """Which of the events are among those ``held``."""
    ids, before = events["event_id"].combine_chunks(), held["event_id"].combine_chunks()
    return pc.or_(pc.is_in(ids, value_set=before), pc.is_in(_named(ids), value_set=before))


def once(events: pa.Table) -> pa.Array:
    """Which of the events happen once to an order."""
    ids = [events[name].combine_chunks() for name in ("event", "order_id", "customer_id")]
    return pc.and_(pc.equal(events["type"].combine_chunks(), "track"), pc.is_valid(order_ids.column(*ids)))


def append_new(ws: Workspace, events: pa.Table, *, app_id: str, version: int) -> int:
    """Append events that the lake does not hold yet, and tell the spool's memory of the orders among them; returns
    how many were new. Where it is killed between the two, the memory asks the lake."""
    ids = events["event_id"].filter(once(events)).to_pylist()
    with ws.lake.writing():
        memory = SpoolMemory(ws.spool.folder)
        informed = bool(ids) and memory.doubt()
        added = ws.lake.append_new("events", events, app_id=app_id, version=version)
        if informed:  # otherwise all are told before the next batch
            memory.tell(keys(ids), last_batch(ws, memory), ws.now())
    return added


def _named(ids: pa.Array) -> pa.Array:
    """The ids as they are where the order names a customer."""
    guest = pc.starts_with(ids, order_ids.GUEST)
    return pc.if_else(guest, pc.utf8_slice_codeunits(ids, len(order_ids.GUEST)), ids)
