"""Features: everybody described at once, and 10,000 who did something described anew.

Each in a process of its own, whose time, CPU and peak memory are told; the records are SQLite.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from bench import _lake as simulated
from zhiyin.adapters.lake.datasets import ITEMS
from zhiyin.entrypoints.site import create_workspace, open_workspace

if TYPE_CHECKING:
    from zhiyin.services.workspace import Workspace

# of 1,135,000 customers a million did something, as the log-normal shares fall
EVENTS, CUSTOMERS, CHANGED, RUNS = 10_000_000, 1_135_000, 10_000, 5
THREADS, MEMORY = 2, "2500MB"  # of the engine; with the default of 1 GB it spills to disk
_MB = 1 << 20 if sys.platform == "darwin" else 1 << 10


def main(events: int = EVENTS, customers: int = CUSTOMERS, changed: int = CHANGED, runs: int = RUNS) -> Any:
    """A run that makes everybody's row, and refreshes of others each time (median)."""
    with tempfile.TemporaryDirectory() as folder:
        ws = _workspace(Path(folder), events, customers)
        first, refreshed = _apart(ws.folder, "run:0"), []
        for number in range(runs):
            _orders(ws, number, customers, changed)
            refreshed.append(_apart(ws.folder, f"refresh:{number}:{customers}:{changed}"))
    size = f"{first['customers']:,} customers, {events / 1e6:.0f} M events"
    rows = [
        _row(f"all features, interests, RFM, lifecycle of {size}", first["seconds"], "s", "< 60"),
        _row("its CPU time, both cores together", first["cpu"], "s", ""),
        _row("the machine's load meanwhile", first["load"], "processes", ""),
        _row("its peak memory", round(first["peak"]), "MB", "< 4,000"),
        _row(f"{changed:,} customers described anew", _middle(refreshed, "seconds"), "s", "< 5"),
        _row("its CPU time, both cores together", _middle(refreshed, "cpu"), "s", ""),
        _row("the machine's load meanwhile", _middle(refreshed, "load"), "processes", ""),
        _row("its peak memory", round(max(one["peak"] for one in refreshed)), "MB", ""),
    ]
    for row in rows:
        print(
            f"{row['what']}: {row['value']:,} {row['unit']}" + (f" (bar {row['bar']})" if row["bar"] else "")
        )
    return rows


def _workspace(folder: Path, events: int, customers: int) -> Workspace:
    ws = create_workspace(folder / "shop", name="Bench")
    for number, month in enumerate(simulated.months(events, customers, visits=True), 1):
        ws.lake.append("events", month, app_id="bench", version=number)
    numbers = np.arange(simulated.ITEMS)
    items = [
        {
            "item_id": f"item{n}", "name": f"Item {n}", "category": str(simulated.CATEGORIES[n % len(simulated.CATEGORIES)]),
            "price": (n % 97 + 3) * 100, "currency": "CNY", "properties": json.dumps({"brand": f"Brand {n % 40}"}),
        }
        for n in numbers.tolist()
    ]  # fmt: skip
    ws.lake.replace("items", pa.Table.from_pylist(items, schema=ITEMS.schema))
    return ws


def _orders(ws: Workspace, number: int, customers: int, changed: int) -> None:
    """An order today of each of some customers, as the drain would append it."""
    who = _some(number, customers, changed)
    month = next(simulated.months(6 * len(who), customers, seed=1 + number))
    at = pa.array(
        [simulated.AS_OF.replace(tzinfo=None) + timedelta(days=1, seconds=n) for n in range(len(who))]
    )
    columns = {
        "event_id": pa.array([f"r{number}:{n}" for n in range(len(who))]),
        "event": pa.array(["Order Completed"] * len(who)),
        "customer_id": pa.array(who),
        "anonymous_id": pa.nulls(len(who), pa.string()),
        "timestamp": at,
        "date": at.cast(pa.date32()),
        "local_date": at.cast(pa.date32()),
        "month": pa.array(["2026-03"] * len(who)),
        "amount": pa.array([10_000] * len(who)),
    }
    for name, values in columns.items():
        place = month.schema.get_field_index(name)
        month = month.set_column(place, month.schema.field(name), values)
    ws.lake.append("events", month, app_id="orders", version=number + 1)


def _some(number: int, customers: int, changed: int) -> list[str]:
    picked = np.random.default_rng(number).choice(customers, changed, replace=False)
    return [f"c{one}" for one in sorted(picked.tolist())]


def _apart(folder: Path, what: str) -> dict[str, float]:
    """Run one thing in a fresh process; what it took."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.features", str(folder), what],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    print(f"  {what}: {found}", flush=True)
    return found


def _do(folder: Path, what: str) -> dict[str, float]:
    opened = open_workspace(folder, {"lake.threads": THREADS, "lake.memory": MEMORY})
    from zhiyin.services import profiles, refresh

    kind, *rest = what.split(":")
    number = int(rest[0])
    now = simulated.AS_OF + timedelta(days=number if kind == "run" else 1, hours=12 * (kind != "run"))
    ws = replace(opened, now=lambda: now)
    begun, spent = time.perf_counter(), time.process_time()
    result: Any
    if kind == "run":
        result = profiles.run(ws)
    else:
        result = refresh.refresh(ws, _some(number, int(rest[1]), int(rest[2])))
    return {
        "customers": result.customers,
        "seconds": round(time.perf_counter() - begun, 2),
        "cpu": round(time.process_time() - spent, 1),
        "load": round(os.getloadavg()[0], 1),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MB,
    }


def _middle(several: list[dict[str, float]], name: str) -> float:
    return round(statistics.median(one[name] for one in several), 2)


def _row(what: str, value: float, unit: str, bar: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "bar": bar}


if __name__ == "__main__":
    print(json.dumps(_do(Path(sys.argv[1]), sys.argv[2])))
