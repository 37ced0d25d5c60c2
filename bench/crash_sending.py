"""Workers killed at random moments of sends to 10,000; then every recipient's messages are counted at the server.

Two ``zhiyin work`` processes share each campaign. One or both get SIGKILL at a random moment, planning included, and
are started again; what the mail server took is noted by the server itself, in a process that is never killed. In the
end nobody may have got two, nobody may have been passed over, and the parts must add up to the planned.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KILLS = int(os.environ.get("ZHIYIN_BENCH_KILLS", "100"))
RECIPIENTS = int(os.environ.get("ZHIYIN_BENCH_RECIPIENTS", "10_000"))
EACH = 25  # kills in the course of one campaign
PATIENCE = 900  # seconds for a campaign to end once nobody is killed any more
PARTS = ("held_out", "refused", "accepted", "failed", "unknown")

# one line of the book for each message taken, before the answer leaves
_SINK = """
import asyncio, sys
from aiosmtpd.smtp import SMTP

book = open(sys.argv[1], "a", buffering=1)

class Sink:
    async def handle_DATA(self, server, session, envelope):
        subject = envelope.content.split(b"Subject: ", 1)[1].split(b"\\r\\n", 1)[0].decode()
        book.write(f"{subject} {envelope.rcpt_tos[0]}\\n")
        return "250 2.0.0 Taken"

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""

_BODY = (
    '<mjml lang="zh-Hans"><mj-body><mj-section><mj-column>'
    '<mj-text>{{ customer.name }}，<a href="https://shop.example/tea?a=1&amp;b=2">新茶</a></mj-text>'
    '<mj-text><a href="{{ unsubscribe_url }}">退订</a></mj-text>'
    "</mj-column></mj-section></mj-body></mjml>"
)


@dataclass
class Outcome:
    """What the kills left behind, over all campaigns."""

    kills: Counter[str] = field(default_factory=Counter)  # by what the workers were doing
    standing: Counter[str] = field(default_factory=Counter)
    taken: int = 0  # messages the server took
    twice: int = 0
    skipped: int = 0  # accepted by the ledger, unknown to the server
    unplanned: int = 0  # members without a row
    unasked: int = 0  # messages to those who should have got none


def main() -> list[dict[str, Any]]:
    """Rows: kills, messages, and how many went twice or not at all: none."""
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), KILLS, RECIPIENTS, time.time_ns(), tell=print)
    stand = found.standing
    return [
        {"what": "workers killed", "value": found.kills.total(), "unit": "kills", "bar": "≥ 100"},
        *(
            {"what": f"of these while {doing}", "value": n, "unit": "kills", "bar": ""}
            for doing, n in sorted(found.kills.items())
        ),
        {"what": "recipients planned", "value": stand["planned"], "unit": "people", "bar": ""},
        {"what": "messages the server took", "value": found.taken, "unit": "messages", "bar": ""},
        *(
            {"what": part.replace("_", " "), "value": stand[part], "unit": "people", "bar": ""}
            for part in PARTS
        ),
        {"what": "mailed twice", "value": found.twice, "unit": "people", "bar": "0"},
        {
            "what": "skipped: without a row, still pending, or accepted here and not taken there",
            "value": found.skipped + found.unplanned,
            "unit": "people",
            "bar": "0",
        },
        {"what": "mailed though held out or refused", "value": found.unasked, "unit": "people", "bar": "0"},
        {
            "what": "planned - held out - refused - accepted - failed - unknown",
            "value": stand["planned"] - sum(stand[part] for part in PARTS),
            "unit": "people",
            "bar": "0",
        },
    ]


def run(folder: Path, kills: int, recipients: int, seed: int, *, tell: Any = lambda text: None) -> Outcome:
    """As many campaigns as the kills need, each killed again and again and then left to end."""
    rng, found = random.Random(seed), Outcome()
    book = folder / "book.txt"
    with _sink(book) as port:
        ws = _workspace(folder / "shop", port, recipients)
        while found.kills.total() < kills:
            key = f"round{found.kills.total()}"
            goal = min(kills, found.kills.total() + EACH)
            _start(ws, key)
            while found.kills.total() < goal and not _over(key):
                _strike(ws, key, rng, found)
            _end(ws, key)
            _count(ws, key, recipients, book, found)
            tell(f"{found.kills.total()} kills, {found.taken:,} messages taken, {found.twice} twice")
    return found


def _workspace(folder: Path, port: int, recipients: int) -> Any:
    from zhiyin.adapters import settings
    from zhiyin.entrypoints.site import create_workspace, open_workspace

    create_workspace(folder, name="Tea house", language="zh-hans")
    settings.write(
        folder,
        {
            "smtp.host": "127.0.0.1",
            "smtp.port": port,
            "smtp.security": "none",
            "sender.email": "shop@example.com",
        },
    )
    ws = open_workspace(folder)
    from zhiyin.adapters.records.models import Consent, Customer
    from zhiyin.services import profiles, segments

    now = ws.now()
    ids = [f"c{n:05}" for n in range(recipients)]
    Customer.objects.bulk_create(
        [Customer(customer_id=i, email=f"{i}@example.com", name=f"客户 {i}", created_at=now) for i in ids],
        batch_size=1_000,
    )
    Consent.objects.bulk_create(
        [Consent(customer_id=i, channel="email", granted=True, source="import", at=now) for i in ids],
        batch_size=1_000,
    )
    profiles.run(ws)
    segments.create(ws, "everyone", "Everyone", {"all": []})
    return ws


def _start(ws: Any, key: str) -> None:
    from zhiyin.services import campaigns

    campaigns.create(
        ws, key=key, name=key, segment="everyone", subject=key, body=_BODY, holdout=0.1, seed=key
    )
    campaigns.start(ws, key)


def _strike(ws: Any, key: str, rng: random.Random, found: Outcome) -> None:
    """Two workers, killed together or one after the other at moments of which nothing is known."""
    workers = [_worker(ws), _worker(ws)]
    try:
        _until_busy(ws, key, workers)
        time.sleep(rng.random() * rng.choice((0.2, 3.0)))
        for worker in rng.sample(workers, rng.choice((1, 2))):
            if _over(key):
                break  # a kill now would prove nothing
            found.kills[_doing(key)] += 1
            worker.kill()
            time.sleep(rng.random() * 0.5)
    finally:
        for worker in workers:  # whoever is left was not killed: it ends after its step
            worker.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.wait(120)


def _worker(ws: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "zhiyin.entrypoints.cli", "work", "--workspace", str(ws.folder)],
        stdout=subprocess.DEVNULL,
    )


def _until_busy(ws: Any, key: str, workers: list[subprocess.Popen[bytes]]) -> None:
    """Wait until somebody moves on with the campaign, or has ended it."""
    before = _standing(key)
    while _standing(key) == before and not _over(key):
        if all(worker.poll() is not None for worker in workers):
            raise RuntimeError("both workers ended by themselves")
        time.sleep(0.02)


def _doing(key: str) -> str:
    from zhiyin.adapters.records.models import Campaign

    return "planning" if Campaign.objects.get(key=key).planned_at is None else "sending"


def _standing(key: str) -> tuple[int, int]:
    from zhiyin.adapters.records.models import Message

    rows = Message.objects.filter(campaign__key=key)
    return rows.count(), rows.exclude(status="planned").count()


def _over(key: str) -> bool:
    from zhiyin.adapters.records.models import Campaign

    return Campaign.objects.filter(key=key, status="sent").exists()


def _end(ws: Any, key: str) -> None:
    worker, last = _worker(ws), time.monotonic() + PATIENCE
    try:
        while not _over(key):
            if worker.poll() is not None or time.monotonic() > last:
                raise RuntimeError(f"the campaign {key} did not end")
            time.sleep(0.2)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(120)


def _count(ws: Any, key: str, recipients: int, book: Path, found: Outcome) -> None:
    from zhiyin.adapters.records.models import Message
    from zhiyin.services import campaigns

    lines = [line.split() for line in book.read_text().splitlines()]
    taken = Counter(address.split("@")[0] for subject, address in lines if subject == key)
    progress = campaigns.progress(ws, key)
    found.standing.update({part: progress[part] for part in ("planned", *PARTS)})
    rows = dict(Message.objects.filter(campaign__key=key).values_list("customer_id", "status"))
    found.taken += taken.total()
    found.twice += sum(n > 1 for n in taken.values())
    found.unplanned += recipients - len(rows)
    found.skipped += sum(status == "accepted" and who not in taken for who, status in rows.items())
    found.skipped += sum(status in ("planned", "claimed", "handed_over") for status in rows.values())
    found.unasked += sum(rows[who] in ("held_out", "refused", "failed") for who in taken)


@contextmanager
def _sink(book: Path) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", _SINK, str(book)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    from rich.console import Console

    from bench.__main__ import drawn

    Console().print(drawn(main()))
