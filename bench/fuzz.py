"""Generated requests at the wire of a real server: no answer of 5xx, memory flat, all that is accepted is accounted for.

Each request comes from a seeded generator: sane and broken JSON, gzip whole and cut, bombs, deep nesting, large bodies,
invalid UTF-8, NUL, numbers as texts, NaN, odd dates, ever new property names, Chinese and emoji, batches with one bad
message, wrong keys, paths and methods, absurd and repeated headers, chunks, clients that leave early or dawdle.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench._requests import Requests

REQUESTS = int(os.environ.get("ZHIYIN_BENCH_REQUESTS", "100_000"))
CLIENTS = 4
SLOW = 200  # connections that dawdle all the while


@dataclass
class Outcome:
    """What was sent, what was answered, what became of it."""

    requests: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    accepted: int = 0
    rejected: int = 0
    properties: int = 0
    alive: bool = False
    before: int = 0
    after: int = 0
    most: int = 0
    balance: dict[str, int] = field(default_factory=dict)


def main() -> list[dict[str, Any]]:
    """Rows: requests, answers, memory, and the balance of what was accepted."""
    from zhiyin.entrypoints.site import create_workspace, open_workspace

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        create_workspace(folder, name="Bench")
        found = run(open_workspace(folder), REQUESTS, seed=int.from_bytes(os.urandom(6)), tell=print)
    balance = found.balance
    server_errors = sum(n for code, n in found.answers.items() if code >= 500)
    refused = sum(n for code, n in found.answers.items() if 400 <= code < 500)
    return [
        {"what": "generated requests", "value": found.requests, "unit": "requests", "bar": "≥ 100,000"},
        {"what": "answered with 5xx", "value": server_errors, "unit": "requests", "bar": "0"},
        {"what": "answered with 2xx", "value": found.answers[200] + found.answers[204], "unit": "requests"},
        {"what": "answered with 4xx", "value": refused, "unit": "requests"},
        {"what": "left by the client before an answer", "value": found.answers[0], "unit": "requests"},
        {"what": "distinct property names sent", "value": found.properties, "unit": "names", "bar": "≥ 1,000,000"},
        {"what": "a good event is taken and counted afterwards", "value": found.alive, "bar": "yes"},
        {"what": "memory of the server after a tenth", "value": round(found.before / 2**20), "unit": "MB"},
        {"what": "memory of the server at the end", "value": round(found.after / 2**20), "unit": "MB",
         "bar": "≤ 1.2 × that"},
        {"what": "messages that the server took in", "value": balance["received"], "unit": "messages"},
        {"what": "of these acknowledged with a 2xx", "value": found.accepted + found.rejected, "unit": "messages"},
        {"what": "received - kept - duplicates - rejects", "value": unbalanced(found), "unit": "messages", "bar": "0"},
        {"what": "acknowledged and in neither", "value": max(0, missing(found)), "unit": "messages", "bar": "0"},
    ]  # fmt: skip


def unbalanced(found: Outcome) -> int:
    """By how much the tallies differ from each other, and from lake."""
    balance = found.balance
    gap = balance["received"] - balance["kept"] - balance["duplicate"] - balance["rejected"]
    return abs(gap) + abs(balance["kept"] - balance["events"]) + abs(balance["rejected"] - balance["rejects"])


def missing(found: Outcome) -> int:
    """Messages that were acknowledged and never received."""
    return found.accepted + found.rejected - found.balance["received"]


def run(ws: Any, requests: int, *, seed: int, tell: Any = lambda text: None) -> Outcome:
    """Send so many generated requests to a server of its own, with a worker beside it."""
    from zhiyin.services import sources
    from zhiyin.simulate.server import free_port, serving

    _, key = sources.create(ws, "fuzz", "server")
    found, port = Outcome(), free_port()
    worker = [
        sys.executable,
        "-m",
        "zhiyin.entrypoints.cli",
        "work",
        "--workspace",
        str(ws.folder),
        "--with-parent",
        str(os.getpid()),
    ]
    with serving(ws.folder, port, role="api") as server, subprocess.Popen(worker) as working:
        try:
            lock = threading.Lock()
            threads = [
                threading.Thread(
                    target=_post, args=[port, Requests(seed + n, key), requests // CLIENTS, found, lock]
                )
                for n in range(CLIENTS)
            ]
            slow = [_dawdling(port, key, n) for n in range(min(SLOW, requests // 10))]
            for thread in threads:
                thread.start()
            told = 0
            while any(thread.is_alive() for thread in threads):
                threads[0].join(0.5)
                found.most = max(found.most, _memory(server.pid))
                for n, connection in enumerate(slow):
                    slow[n] = _dripping(connection, port, key, n)
                if not found.before and found.requests > requests // 10:
                    found.before = _memory(server.pid)
                if found.requests - told > requests // 10:
                    told = found.requests
                    tell(f"{told:,} requests, {dict(sorted(found.answers.items()))}")
            for connection in slow:
                connection.close()
            found.after = _memory(server.pid)
            last = Requests(seed, key)
            body = b'{"type":"track","event":"Alive","userId":"ann","messageId":"alive"}'
            found.alive = exchange(port, last.request("/v1/track", body)) == (200, (1, 0))
            _until_empty(ws.spool.folder, working)
        finally:
            working.terminate()
    _count(ws, found)
    return found


def exchange(port: int, *parts: bytes) -> tuple[int, tuple[int, int]]:
    """Status of the answer, 0 if there is none, and how many messages it says were accepted and rejected."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        with suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        if parts[-1] == b"":
            return 0, (0, 0)
        connection.settimeout(20)
        with suppress(ConnectionError, TimeoutError):
            while data := connection.recv(65536):
                answer += data
    if answer.startswith(b"HTTP/1.1 100"):
        answer = answer.partition(b"\r\n\r\n")[2]
    status = int(answer[9:12]) if answer else 0
    if status != 200 or b'"accepted"' not in answer:
        return status, (0, 0)
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    return status, (told["accepted"], len(told.get("rejected", ())))


def _post(port: int, fuzz: Requests, requests: int, found: Outcome, lock: threading.Lock) -> None:
    for _ in range(requests):
        parts = fuzz.next()
        try:
            status, (accepted, rejected) = exchange(port, *parts)
        except OSError:
            status, accepted, rejected = 599, 0, 0  # nobody answers the door
        with lock:
            found.requests += 1
            found.answers[status] += 1
            found.accepted += accepted
            found.rejected += rejected
    with lock:
        found.properties += fuzz.names


def _dawdling(port: int, key: str, number: int) -> socket.socket:
    """A connection whose request never ends."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    start = f"POST /v1/batch HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n"
    connection.sendall((start + ("Content-Length: 5000\r\n\r\n{" if number % 2 else "X: ")).encode())
    return connection


def _dripping(connection: socket.socket, port: int, key: str, number: int) -> socket.socket:
    """One byte more; a new connection where the server has let go of this one."""
    try:
        connection.sendall(b" ")
        return connection
    except OSError:
        connection.close()
        return _dawdling(port, key, number)


def _memory(pid: int) -> int:
    with suppress(FileNotFoundError), open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _until_empty(spool: Path, worker: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    while list(spool.glob("*.spool")) or (spool / "journal.json").exists():
        pause.wait(0.2)
        if worker.poll() is not None:
            raise RuntimeError("the worker ended by itself")


def _count(ws: Any, found: Outcome) -> None:
    from django.db.models import Sum

    from zhiyin.adapters.records.models import Tally

    tallies = Tally.objects.filter(source="fuzz").values_list("outcome").annotate(n=Sum("events"))
    tally = dict(tallies)
    found.balance = {name: tally.pop(name, 0) for name in ("received", "kept", "duplicate")}
    found.balance |= {"rejected": sum(tally.values())}
    found.balance |= {name: ws.lake.count(name) for name in ("events", "rejects")}
