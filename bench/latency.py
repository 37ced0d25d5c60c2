"""From an accepted event to the customer's timeline and profile, at 1,000 events a second for ten minutes.

``zhiyin serve`` runs api and worker on the two cores, beside this script, which posts batches of ten and, twice a
second, one order of a customer of its own; then it asks records and lake, five times a second, whether the order
is in the customer's row and in the timeline.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

SECONDS = int(os.environ.get("ZHIYIN_BENCH_SECONDS", "600"))
RATE, BATCH, PROBES = 1000, 10, 2  # events a second, events a request, probes a second


def main() -> list[dict[str, Any]]:
    """Rows: quantiles of the time from the 200 to being seen, and how many events came through."""
    from zhiyin.entrypoints.site import create_workspace, open_workspace
    from zhiyin.simulate.server import free_port

    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name) / "shop", free_port()
        create_workspace(folder, name="Bench")
        ws = open_workspace(folder)
        from zhiyin.services import ingest, sources

        _, key = sources.create(ws, "bench")
        command = [
            sys.executable, "-m", "zhiyin.entrypoints.cli", "serve", "--workspace", str(folder), "--port", str(port),
        ]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            _answering(port)
            load = _Load(port, key)
            waits = _watch(ws, load)
            load.thread.join()
            server.terminate()
        ws.spool.close()
        while ingest.drain(ws):
            pass
        kept = ws.lake.count("events")
    assert kept == load.sent, (kept, load.sent)
    what = f"accepted → timeline and profile, {len(waits)} probes: p99"
    p50, p95, p99 = np.quantile(waits, [0.5, 0.95, 0.99])
    return [
        {"what": what, "value": round(p99, 2), "unit": "s", "bar": "≤ 5"},
        {"what": "p95", "value": round(p95, 2), "unit": "s"},
        {"what": "median", "value": round(p50, 2), "unit": "s"},
        {"what": "longest", "value": round(max(waits), 2), "unit": "s"},
        {"what": f"load over {SECONDS} s", "value": round(load.sent / load.seconds), "unit": "events/s", "bar": "1,000"},
    ]  # fmt: skip


class _Load:
    """Posts events at a steady rate; ``accepted`` tells when each probe was answered with 200."""

    def __init__(self, port: int, key: str, properties: dict[str, Any] | None = None) -> None:
        self.properties = properties or {}
        self.port, self.key, self.sent, self.seconds = port, key, 0, 0.0
        self.accepted: dict[str, float] = {}
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        from bench._events import message

        rng = np.random.default_rng(1)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        started, number = time.monotonic(), 0
        requests = SECONDS * RATE // BATCH
        for request in range(requests):
            wait = started + request * BATCH / RATE - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            now = datetime.now(UTC)
            batch = [message(rng, number + n, 50_000, now) for n in range(BATCH)]
            number += BATCH
            probe = ""
            if request % (RATE // BATCH // PROBES) == 0:
                probe = f"probe-{request}"
                batch[0] |= {"type": "track", "event": "Order Completed", "userId": probe, "messageId": probe}
                batch[0]["properties"] = {
                    "order_id": probe,
                    "total": 10,
                    "currency": "CNY",
                    **self.properties,
                }
            connection.request(
                "POST", "/v1/batch", json.dumps({"batch": batch, "sentAt": now.isoformat()}),
                {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
            )  # fmt: skip
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            self.sent += BATCH
            if probe:
                self.accepted[probe] = time.monotonic()
        self.seconds = time.monotonic() - started


def _watch(ws: Any, load: _Load) -> list[float]:
    """Seconds from acceptance until records and lake both tell of each probe."""
    from zhiyin.adapters.records.models import Customer
    from zhiyin.services import customers

    waits: dict[str, float] = {}
    while load.thread.is_alive() or len(waits) < len(load.accepted):
        for probe, at in sorted(load.accepted.items()):
            if probe in waits:
                continue
            if not Customer.objects.filter(pk=probe, orders=1).exists():
                break  # later ones are not there either
            if not customers.timeline(ws, probe).entries:
                break
            waits[probe] = time.monotonic() - at
        time.sleep(0.2)
    return list(waits.values())


def _answering(port: int) -> None:
    for _ in range(600):
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).request("GET", "/v1/")
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server did not start")
