"""Api and worker killed at random moments under load; then every event ever acknowledged is counted in the lake.

Clients post batches to a real server and send each again, under the same ids, until it is acknowledged. Meanwhile
server, worker or both get SIGKILL at random moments and are started again; the worker compacts the lake as often as
it can. In the end the lake, the tallies and the customers' orders and revenue must agree with what was acknowledged.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KILLS = int(os.environ.get("ZHIYIN_BENCH_KILLS", "200"))
EVENTS = int(os.environ.get("ZHIYIN_BENCH_CRASH_EVENTS", "1_000_000"))
BATCH = 200  # events that count, in one request; beside them an order that is told three times and one that is refused
PEOPLE = 5_000
CLIENTS = 4
PATIENCE = 180  # seconds in which something must have moved

WORKER = """
import os, sys, threading
from zhiyin.entrypoints.site import open_workspace
ws = open_workspace(sys.argv[1])
from zhiyin.services import work
work.FILES = 3
parent, pause = os.getppid(), threading.Event()
print("ready", flush=True)
work.run(ws, lambda seconds: pause.wait(seconds / 20) or os.getppid() != parent)
"""


@dataclass
class Outcome:
    """What was acknowledged, and what was found in the end."""

    kills: Counter[str] = field(default_factory=Counter)
    amid: int = 0
    acknowledged: int = 0
    resent: int = 0
    lost: int = 0
    double: int = 0
    unknown: int = 0
    compactions: int = 0
    batches: int = 0
    balance: dict[str, int] = field(default_factory=dict)
    wrong_customers: int = 0
    customers: int = 0
    log: str = ""


def main() -> list[dict[str, Any]]:
    """Rows: kills, acknowledged events, and what was lost, double or out of balance: nothing."""
    from zhiyin.entrypoints.site import create_workspace, open_workspace

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        create_workspace(folder, name="Bench")
        found = run(open_workspace(folder), kills=KILLS, events=EVENTS, seed=time.time_ns(), tell=print)
    balance = found.balance
    return [
        {"what": "processes killed", "value": found.kills.total(), "unit": "kills", "bar": "≥ 200"},
        *(
            {"what": f"of these: {which}", "value": n, "unit": "kills"}
            for which, n in sorted(found.kills.items())
        ),
        {"what": "the worker's while a batch was in hand", "value": found.amid, "unit": "kills"},
        {"what": "acknowledged events", "value": found.acknowledged, "unit": "events", "bar": "≥ 1,000,000"},
        {"what": "requests sent again after a kill", "value": found.resent, "unit": "requests"},
        {"what": "batches that the worker took", "value": found.batches, "unit": "batches"},
        {"what": "compactions between them", "value": found.compactions, "unit": "commits"},
        {"what": "lost", "value": found.lost, "unit": "events", "bar": "0"},
        {"what": "double", "value": found.double, "unit": "events", "bar": "0"},
        {
            "what": "received - kept - duplicates - rejects, by the tallies",
            "value": balance["received"] - balance["kept"] - balance["duplicate"] - balance["rejected"],
            "unit": "events",
            "bar": "0",
        },
        {"what": "customers with orders or revenue unlike the lake's", "value": found.wrong_customers,
         "unit": f"of {found.customers:,}", "bar": "0"},
    ]  # fmt: skip


def run(ws: Any, *, kills: int, events: int, seed: int, tell: Any = lambda text: None) -> Outcome:
    """Load, kill, start again, wait until the spool is empty, count."""
    from zhiyin.services import sources
    from zhiyin.simulate.server import free_port

    _, key = sources.create(ws, "crash", "server")
    rng, found, told = random.Random(seed), Outcome(), 0
    load = Load(free_port(), key, events, kills)
    pair = Pair(ws.folder, load.port)
    try:
        pair.start("api")
        pair.start("worker")
        load.start()
        while found.kills.total() < kills:
            _strike(pair, load, rng, found)
            load.allow(found.kills.total())
            if found.kills.total() // 20 > told:
                told = found.kills.total() // 20
                tell(f"{found.kills.total()} kills, {len(load.acknowledged) * BATCH:,} events acknowledged")
        load.finish(pair)
        pair.until_empty(ws.spool.folder)
    finally:
        load.stop()
        pair.end()
    found.log = (ws.folder / "crash.log").read_text(errors="replace")
    _count(ws, load, found)
    return found


class Load:
    """Clients that post numbered batches until each is acknowledged, at the pace of the kills."""

    def __init__(self, port: int, key: str, events: int, kills: int) -> None:
        self.port, self.key = port, key
        self.acknowledged: list[int] = []
        self.resent = 0
        self._last = -(-events // BATCH)
        self._step = -(-self._last // kills)
        self._allowed = 2 * self._step
        self._next, self._over = 0, False
        self._turn = threading.Condition()
        self._threads = [threading.Thread(target=self._post) for _ in range(CLIENTS)]

    def start(self) -> None:
        """Begin to post."""
        for thread in self._threads:
            thread.start()

    def allow(self, kills: int) -> None:
        """As many batches as belong to so many kills, so that all of them come under load."""
        with self._turn:
            self._allowed = (kills + 2) * self._step
            self._turn.notify_all()

    def until(self, more: int, patience: float) -> None:
        """Wait until so many more batches were acknowledged, or for a while."""
        wanted = min(len(self.acknowledged) + more, self._last)
        with self._turn:
            self._turn.wait_for(lambda: len(self.acknowledged) >= wanted, patience)

    def finish(self, pair: Pair) -> None:
        """Wait until every batch is acknowledged, as long as both processes live and something comes."""
        with self._turn:
            self._allowed = self._last
            self._turn.notify_all()
        patient = pair.patience()
        for thread in self._threads:
            while thread.is_alive():
                thread.join(0.1)
                patient(len(self.acknowledged))

    def stop(self) -> None:
        """Give up what is not acknowledged."""
        with self._turn:
            self._over = True
            self._turn.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _post(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while (number := self._take()) is not None:
            body = json.dumps({"batch": messages(number)}).encode()
            while not self._over and not self._accepted(connection, body):
                self.resent += 1
                time.sleep(0.05)  # the server is down, or about to be
            if self._over:
                break
            with self._turn:
                self.acknowledged.append(number)
                self._turn.notify_all()
        connection.close()

    def _take(self) -> int | None:
        with self._turn:
            self._turn.wait_for(lambda: self._over or self._next < self._allowed or self._next >= self._last)
            if self._over or self._next >= self._last:
                return None
            self._next += 1
            return self._next - 1

    def _accepted(self, connection: http.client.HTTPConnection, body: bytes) -> bool:
        try:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request("POST", "/v1/batch", body, headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        if response.status not in (200, 503):
            raise RuntimeError(f"{response.status}: {text!r}")
        return response.status == 200


class Pair:
    """The api and the worker, each a process of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self._log = open(folder / "crash.log", "ab")  # noqa: SIM115 - as long as the processes live
        python = [sys.executable]
        api = ["-m", "zhiyin.entrypoints.cli", "serve", "--role", "api", "--with-parent", str(os.getpid())]
        self._commands = {
            "api": [*python, *api, "--workspace", str(folder), "--port", str(port)],
            "worker": [*python, "-c", WORKER, str(folder)],
        }
        self.journal = folder / "spool" / "journal.json"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.ready = threading.Event()  # the worker works

    def start(self, which: str) -> None:
        """Start a process; does not wait until it is up."""
        out = subprocess.PIPE if which == "worker" else self._log
        process = subprocess.Popen(
            self._commands[which], stdin=subprocess.DEVNULL, stdout=out, stderr=self._log
        )
        self._running[which] = process
        if which == "worker":
            self.ready = ready = threading.Event()
            threading.Thread(target=_noticed, args=[process, ready]).start()

    def kill(self, which: str) -> None:
        """SIGKILL, and start again."""
        process = self._running[which]
        process.kill()
        process.wait()
        self.start(which)

    def until_empty(self, spool: Path) -> None:
        """Wait until the worker has moved everything, as long as both processes live and something moves."""
        patient = self.patience()
        while (left := sorted(spool.glob("*.spool"))) or (spool / "journal.json").exists():
            time.sleep(0.1)
            patient(left)

    def patience(self) -> Callable[[object], None]:
        """To be told again and again how far one has come; raises where a process ended, or nothing comes any more."""
        seen: object = None
        since = time.monotonic()

        def patient(reached: object) -> None:
            nonlocal seen, since
            for which, process in self._running.items():
                if process.poll() is not None:
                    raise RuntimeError(f"The {which} ended by itself.\n{self._last_words()}")
            if reached != seen:
                seen, since = reached, time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                raise RuntimeError(f"Nothing moved for {PATIENCE} seconds.\n{self._last_words()}")

        return patient

    def _last_words(self) -> str:
        return Path(self._log.name).read_text(errors="replace")[-3000:]

    def end(self) -> None:
        """Kill both for good."""
        for process in self._running.values():
            process.kill()
            process.wait()
        self._log.close()


def messages(number: int) -> list[dict[str, Any]]:
    """The messages of a batch, the same each time."""
    made: list[dict[str, Any]] = []
    for part in range(BATCH):
        who = (number * 31 + part) % PEOPLE
        one = {
            "type": "track",
            "messageId": f"{number}-{part}",
            "userId": f"c{who}",
            "anonymousId": f"a{who}",
        }
        if part % 4 == 0:
            total = 10 + part % 7
            one |= {
                "event": "Order Completed",
                "properties": {"order_id": f"o{number}-{part}", "total": total},
            }
        elif part % 4 == 1:
            one |= {"event": "Product Viewed", "properties": {"product_id": f"p{part}", "name": "明前龙井"}}
            del one["userId"]
        elif part % 4 == 2:
            one |= {"type": "identify", "traits": {"city": f"city {part}"}}
        else:
            one |= {"type": "page", "name": "Tea"}
        made.append(one)
    again = made[0] | {"messageId": f"{number}-again"}  # as by another page of thanks
    return [*made, made[0], again, {"type": "track", "userId": "nobody"}]


def event_id(number: int, part: int) -> str:
    """Under which a message is in the lake: an order under its own."""
    return f"order:o{number}-{part}" if part % 4 == 0 else f"{number}-{part}"


def _strike(pair: Pair, load: Load, rng: random.Random, found: Outcome) -> None:
    """Kill one of the two, or both, at a moment of which nothing is known."""
    which = rng.choice(("api", "worker", "worker", "both"))
    if which != "worker":
        load.until(rng.randrange(1, 2 * load._step + 1), patience=60)
        time.sleep(rng.random() * 0.05)
    if which != "api":
        pair.ready.wait(60)
        time.sleep(rng.random() * rng.choice((0.1, 2.0)))
    if which in ("api", "both"):
        pair.kill("api")
        found.kills["api"] += 1
    if which in ("worker", "both"):
        found.amid += pair.journal.exists()
        pair.kill("worker")
        found.kills["worker"] += 1


def _noticed(process: subprocess.Popen[bytes], ready: threading.Event) -> None:
    assert process.stdout is not None
    if process.stdout.readline():
        ready.set()
    process.stdout.close()


def _count(ws: Any, load: Load, found: Outcome) -> None:
    import narwhals as nw
    from django.db.models import Sum

    from zhiyin.adapters.records.models import Customer, Tally

    events = ws.lake.events().filter(nw.col("source") == "crash")
    stored = Counter(ws.lake.collect(events.select("event_id"))["event_id"].to_pylist())
    sent = {event_id(number, part) for number in load.acknowledged for part in range(BATCH)}
    found.acknowledged, found.resent = len(sent), load.resent
    found.lost, found.unknown = len(sent - stored.keys()), len(stored.keys() - sent)
    found.double = stored.total() - len(stored)
    rejects = ws.lake.collect(ws.lake.frame("rejects").select("reject_id"))["reject_id"].to_pylist()
    found.double += len(rejects) - len(set(rejects))
    history = ws.lake.table("events").history()
    found.compactions = sum(commit["operation"] == "OPTIMIZE" for commit in history)
    found.batches = sum(commit["operation"] == "WRITE" for commit in history)
    tallies = Tally.objects.filter(source="crash").values_list("outcome").annotate(n=Sum("events"))
    tally = dict(tallies)
    found.balance = {name: tally.pop(name, 0) for name in ("received", "kept", "duplicate")}
    found.balance |= {"rejected": sum(tally.values()), "events": stored.total(), "rejects": len(rejects)}
    orders = events.filter(nw.col("event") == "Order Completed").group_by("customer_id")
    lake = ws.lake.collect(orders.agg(n=nw.len(), revenue=nw.col("amount").sum())).to_pylist()
    known = {row["customer_id"]: (row["n"], row["revenue"]) for row in lake}
    rows = Customer.objects.values_list("customer_id", "orders", "revenue")
    records = {who: (orders, revenue) for who, orders, revenue in rows if orders or revenue}
    found.customers = len(known)
    found.wrong_customers = sum(records.get(who) != known.get(who) for who in records.keys() | known.keys())
