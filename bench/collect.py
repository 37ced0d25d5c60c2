"""Spool to lake: events a second through the whole pipeline, and memory over ten million events.

The events are page views, views of products, searches, baskets and orders of 300,000 visitors, 900 bytes each, three in
ten naming a customer. One worker with its children moves them: pipeline, lake, records, memory of ids, tallies.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

EVENTS = int(os.environ.get("ZHIYIN_BENCH_EVENTS", "10_000_000"))
PORTION = 500_000  # events that wait at a time
PEOPLE = 300_000

WORKER = """
import json, os, resource, sys, time
from zhiyin.entrypoints.site import open_workspace
ws = open_workspace(sys.argv[1])
from zhiyin.services import ingest, work
for line in sys.stdin:
    started, moved = time.perf_counter(), 0
    while got := ingest.drain(ws):
        moved += got
    drained = time.perf_counter()
    while work._tidy(ws):  # as the worker does once nothing waits
        pass
    idle = time.perf_counter() - drained
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        processes = ["self", *file.read().split()]
    now = sum(int(open(f"/proc/{one}/statm").read().split()[1]) for one in processes) * resource.getpagesize()
    print(json.dumps([moved, drained - started, now, idle]), flush=True)
"""


def main() -> list[dict[str, Any]]:
    """Rows: the sustained rate, the median and the slowest portion, and memory early, late and at most."""
    import json
    from statistics import median

    from bench._events import entries
    from zhiyin.adapters.spool import Spool
    from zhiyin.entrypoints.site import create_workspace

    portions = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        create_workspace(folder, name="Bench")
        spool = Spool(folder / "spool")
        command = [sys.executable, "-c", WORKER, str(folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            first = list(entries(min(PORTION, EVENTS), people=PEOPLE))
            for number in range(max(1, EVENTS // PORTION)):
                # the same people again, with other messages and orders: making them anew takes longer than the rest
                lines = [
                    line.replace(b'"ajs-next-', b'"ajs-%04d-' % number).replace(
                        b'"order_id":"o', b'"order_id":"o%d-' % number
                    )
                    for line in first
                ]
                for start in range(0, len(lines), 500):
                    spool.append(lines[start : start + 500])
                spool.close()
                worker.stdin.write("go\n")
                worker.stdin.flush()
                portions.append(json.loads(worker.stdout.readline()))
                moved, seconds, memory, idle = portions[-1]
                told = f"{moved / seconds:,.0f} events/s, {memory / 1e6:.0f} MB, {idle:.1f} s of tidying"
                print(f"  {number + 1}: {told}", flush=True)
            worker.stdin.close()
    events, seconds = sum(p[0] for p in portions), sum(p[1] for p in portions)
    rates = [p[0] / p[1] for p in portions]
    fifth = max(1, len(portions) // 5)  # portions; memory is given back late, so that single figures swing
    early, late = (median(p[2] for p in some) for some in (portions[:fifth], portions[-fifth:]))
    return [
        {
            "what": f"spool → lake, {events:,} events",
            "value": round(events / seconds),
            "unit": "events/s",
            "bar": "≥ 30,000",
        },
        {"what": "median of the half millions", "value": round(median(rates)), "unit": "events/s"},
        {"what": "slowest half million of them", "value": round(min(rates)), "unit": "events/s"},
        {
            "what": "joining files afterwards, when nothing waits, of the same time",
            "value": round(100 * sum(p[3] for p in portions) / seconds, 1),
            "unit": "%",
        },
        {"what": "memory during the first fifth, median", "value": round(early / 1e6), "unit": "MB"},
        {
            "what": "memory during the last fifth, median",
            "value": round(late / 1e6),
            "unit": "MB",
            "bar": "flat",
        },
        {
            "what": "the most memory after any half million",
            "value": round(max(p[2] for p in portions) / 1e6),
            "unit": "MB",
        },
    ]  # fmt: skip
