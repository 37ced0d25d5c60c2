"""Some customers described anew: from their events, as a run over all customers would describe them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from zhiyin.adapters.records.profile import COLUMNS, publish
from zhiyin.loop.profile.facts import Facts
from zhiyin.services import attributes, facts, interests, profiles, stated
from zhiyin.services.workspace import Workspace

MOST = 50_000  # customers taken at a time, so that they fit into memory
SHARE = 20  # one changed row among so many: then the changes are written into the dataset


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many customers were described anew, and how long it took."""

    customers: int
    seconds: float


def refresh(ws: Workspace, customer_ids: Collection[str], *, patience: float | None = None) -> Refreshed:
    """Describe these customers and their interests anew, as of now, in the lake and in records.

    What takes all customers to know stays as the last full run found it; before the first nobody is described.
    Whom neither records nor events know is left out. Doing it again, such as after a crash, changes nothing. While
    all customers are being profiled it waits, ``patience`` seconds or as long as for the lake, then raises
    ``Busy``; erasing somebody waits for it.
    """
    started, ids, customers = time.perf_counter(), sorted(set(customer_ids)), 0
    with profiles.alone(ws, patience), ws.lake.reading():
        known = facts.latest(ws)
        for start in range(0, len(ids), MOST):
            if known is not None:
                customers += _refresh(ws, ids[start : start + MOST], known)
    return Refreshed(customers, time.perf_counter() - started)


def _refresh(ws: Workspace, ids: Collection[str], known: Facts) -> int:
    as_of = ws.now()
    with tempfile.TemporaryDirectory(dir=ws.folder, prefix=".profile-") as folder:
        file = Path(folder) / "customers.parquet"
        stated.write(file, ids)
        with ws.lake.kept(profiles.taken(ws, ids)) as events:
            with (
                attributes.computed(ws, file, as_of, known.stated) as (own, _),
                profiles.computed(ws, as_of, known, events) as (found, _),
            ):
                rows = ws.lake.collect(profiles.whole(ws, found, file, own, known))
            with interests.computed(ws, as_of, interests.fading(ws), events) as found:
                liked = ws.lake.collect(found)
    rows = rows.sort_by("customer_id")
    _change(ws, "interests", liked)
    _change(ws, "profiles", rows)
    publish(rows.select(["customer_id", "created_at", *COLUMNS]), as_of)
    return rows.num_rows


def _change(ws: Workspace, dataset: str, rows: pa.Table) -> None:
    if rows.num_rows and ws.lake.change(dataset, rows) * SHARE > ws.lake.count(dataset):
        ws.lake.fold(dataset)
