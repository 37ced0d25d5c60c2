"""From an accepted event to live membership: 100 live segments, 1,000 events a second, over two million past events.

``zhiyin serve`` runs api and worker on the two cores, beside this script, which posts batches of ten and, twice a
second, an order with a coupon of a customer who had none; then it asks records, five times a second, whether the
customer is in the segment of those with that coupon.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.latency import RATE, SECONDS, _answering, _Load

HISTORY = int(os.environ.get("ZHIYIN_BENCH_HISTORY", "2000000"))
CUSTOMERS, SEGMENTS, PROBE = 50_000, 100, "probe"
RULES = (
    'did("Order Completed", at_least={n})',
    'did("Product Viewed", at_least={n}, within="{days}d")',
    'did("Product Added", within="{days}d") and not did("Order Completed", within="{days}d")',
    'did("Order Completed", within="{days}d", where=[category == "Tea"])',
    'did("Order Completed", at_least={n}, where=[amount >= {money}])',
    "orders >= {n} and revenue < {money}",
    'last_seen.within("{days}d") and not last_order_at.within("{days}d")',
    'lifecycle in ["new", "active"] and orders >= {n}',
    'did("Products Searched", within="{n}h") or did("Product Viewed", at_least={n}, within="{n}h")',
    'city == "Wuxi" or visits_90d >= {n}',
)  # fmt: skip


def main() -> list[dict[str, Any]]:
    """Rows: quantiles of the time from the 200 to the membership, and what is held."""
    from zhiyin.entrypoints.site import create_workspace, open_workspace
    from zhiyin.simulate.server import free_port

    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name) / "shop", free_port()
        create_workspace(folder, name="Bench")
        ws = open_workspace(folder)
        from zhiyin.adapters.records.models import Membership
        from zhiyin.services import ingest, memberships, sources

        _, key = sources.create(ws, "bench")
        prepare(ws)
        command = [
            sys.executable, "-m", "zhiyin.entrypoints.cli", "serve", "--workspace", str(folder), "--port", str(port),
        ]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            _answering(port)
            load = _Load(port, key, {"coupon": PROBE})
            waits = _watch(load)
            load.thread.join()
            server.terminate()
        ws.spool.close()
        while ingest.drain(ws) + memberships.round(ws):
            pass
        held, telling = Membership.objects.count(), ingest.counts(ws).get("Segment Entered", 0)
    p50, p95, p99 = np.quantile(waits, [0.5, 0.95, 0.99])
    return [
        {"what": f"accepted → membership, {len(waits)} probes: p99", "value": round(p99, 2), "unit": "s", "bar": "≤ 5"},
        {"what": "p95", "value": round(p95, 2), "unit": "s"},
        {"what": "median", "value": round(p50, 2), "unit": "s"},
        {"what": "longest", "value": round(max(waits), 2), "unit": "s"},
        {"what": f"load over {SECONDS} s", "value": round(load.sent / load.seconds), "unit": "events/s", "bar": f"{RATE:,}"},
        {"what": f"memberships of {SEGMENTS} live segments", "value": held, "unit": ""},
        {"what": "customers who entered one meanwhile", "value": telling, "unit": ""},
    ]  # fmt: skip


def prepare(ws: Any) -> None:
    """A lake with history that ends now, profiled customers, and settled segments."""
    from zhiyin.services import memberships, profiles, segments

    _history(ws)
    profiles.run(ws)
    segments.create(ws, PROBE, "Probe", f'did("Order Completed", within="30d", where=[coupon == "{PROBE}"])')
    rng = np.random.default_rng(2)
    for number, rule in zip(range(SEGMENTS - 1), cycle(RULES), strict=False):
        n, days = int(rng.integers(1, 9)), int(rng.integers(1, 120))
        text = rule.format(n=n, days=days, money=int(rng.integers(1_000, 90_000)))
        segments.create(ws, f"segment-{number}", f"Segment {number}", text)
    while waiting := memberships.due(ws)[:20]:
        memberships.settle(ws, waiting)


def _history(ws: Any) -> None:
    from bench._lake import AS_OF, months

    ahead = (datetime.now(UTC) - AS_OF) - timedelta(hours=1)
    span = pa.scalar(ahead, pa.duration("us"))
    for number, table in enumerate(months(HISTORY, CUSTOMERS)):
        at = pc.add(table["timestamp"], span)
        columns = {
            "timestamp": at,
            "received_at": at,
            "date": at.cast(pa.date32()),
            "local_date": pc.add(at, pa.scalar(timedelta(hours=8), pa.duration("us"))).cast(pa.date32()),
            "month": pc.strftime(at, "%Y-%m"),
        }
        for name, column in columns.items():
            table = table.set_column(table.schema.get_field_index(name), name, column)
        ws.lake.append("events", table, app_id="history", version=number + 1)


def _watch(load: Any) -> list[float]:
    """Seconds from acceptance until each probe is a member."""
    from zhiyin.adapters.records.models import Membership

    waits: dict[str, float] = {}
    while load.thread.is_alive() or len(waits) < len(load.accepted):
        for probe, at in sorted(load.accepted.items(), key=lambda one: one[1]):
            if probe in waits:
                continue
            if not Membership.objects.filter(segment__key=PROBE, customer_id=probe).exists():
                break  # later ones are not there either
            waits[probe] = time.monotonic() - at
        time.sleep(0.2)
    return list(waits.values())
