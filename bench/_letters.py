"""A tea shop with customers, orders, a trained recommender and a campaign, for the benchmarks of sending."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

EVERYBODY = "everyone"
DOMAIN = "example.com"


def shop(folder: Path, port: int, people: int, workers: int) -> Any:
    """The workspace, with an RSA key of the sender's domain; ``port`` is the mail server's."""
    from zhiyin.adapters import settings
    from zhiyin.entrypoints.site import create_workspace, open_workspace

    create_workspace(folder, name="Tea house", language="zh-hans")
    settings.write(
        folder,
        {"smtp.host": "127.0.0.1", "smtp.port": port, "smtp.security": "none", "smtp.workers": workers,
         "shop.address": "苏州市平江路 1 号", "sender.email": f"shop@{DOMAIN}", "campaign.holdout": 0.0,
         "sender.bounce_address": f"bounces@{DOMAIN}"},
    )  # fmt: skip
    ws = open_workspace(folder)
    from zhiyin.services import profiles, segments, sending_domain, training

    _people(ws, people)
    profiles.run(ws)
    training.train(ws, ["item_neighbours"], placed=["email"], budget=timedelta(minutes=1))
    segments.create(ws, EVERYBODY, "Everyone", {"all": []})
    sending_domain.add(ws, DOMAIN)
    return ws


def campaign(ws: Any, key: str) -> Any:
    """A draft for everybody: four recommended items each, in Chinese."""
    from zhiyin.services import campaigns

    return campaigns.create(
        ws, key=key, name=key, segment=EVERYBODY, template="picks-zh", recommender="item_neighbours"
    )


@contextmanager
def working(ws: Any) -> Iterator[subprocess.Popen[bytes]]:
    """``zhiyin work`` in a process of its own, with as many beside it as the settings say."""
    log = (ws.folder / "work.log").open("ab")
    command = [sys.executable, "-m", "zhiyin.entrypoints.cli", "work", "--workspace", str(ws.folder)]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        log.close()


def send(ws: Any, key: str, *, step: float = 0.05, look: Any = lambda sent: None) -> float:
    """Start a campaign and wait until the workers have sent it; the seconds from its start to its end.

    ``look(sent)`` is called with the number of messages accepted so far, every ``step`` seconds.
    """
    from zhiyin.adapters.records.models import Campaign, Message
    from zhiyin.services import campaigns

    campaigns.start(ws, key)
    started = time.perf_counter()
    row = Campaign.objects.get(key=key)
    while row.status == "sending":
        time.sleep(step)
        look(Message.objects.filter(campaign=row, status="accepted").count() if step >= 1 else 0)
        row.refresh_from_db()
    seconds = time.perf_counter() - started
    accepted = Message.objects.filter(campaign=row, status="accepted").count()
    assert row.status == "sent", (row.status, str(row.error))
    assert accepted == Message.objects.filter(campaign=row).count(), "some were not sent"
    return seconds


def descendants(process: subprocess.Popen[bytes]) -> list[int]:
    """A process and those that it started, by their ids."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [process.pid, *map(int, children)]


def memory_mb(process_id: int) -> float:
    """What a process holds of memory now, in megabytes."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _people(ws: Any, count: int) -> None:
    """Customers with consent, 200 teas, and six orders each."""
    from zhiyin.adapters.lake.rows import events_to_table
    from zhiyin.adapters.records.models import Consent, Customer
    from zhiyin.domain.event import ORDER_COMPLETED, Event, Line

    rng, now = random.Random(1), ws.now()
    ids = [f"c{n:06}" for n in range(count)]
    Customer.objects.bulk_create(
        (
            Customer(customer_id=i, email=f"{i}@example.net", name=f"客户 {i}", language="zh-hans")
            for i in ids
        ),
        batch_size=1_000,
    )
    Consent.objects.bulk_create(
        (Consent(customer_id=i, channel="email", granted=True, source="import", at=now) for i in ids),
        batch_size=1_000,
    )
    ws.lake.upsert("items", _items(now))
    for version, start in enumerate(range(0, count, 10_000)):
        events = [
            Event(
                event_id=f"{i}-{n}",
                type="track",
                name=ORDER_COMPLETED,
                timestamp=now - timedelta(days=rng.randrange(1, 90)),
                customer_id=i,
                order_id=f"{i}-{n}",
                amount=9_900,
                currency="CNY",
                products=(Line(f"t{int(rng.betavariate(1, 4) * 200):03}", 1, 9_900, "茶"),),
            )
            for i in ids[start : start + 10_000]
            for n in range(6)
        ]
        table = events_to_table(events, timezone=ws.timezone, received_at=now)
        ws.lake.append("events", table, app_id="bench", version=version + 1)


def _items(now: Any) -> Any:
    import pyarrow as pa

    from zhiyin.adapters.lake.datasets import ITEMS

    plain = now.replace(tzinfo=None)
    return pa.Table.from_pylist(
        [
            {
                "item_id": f"t{n:03}",
                "name": f"明前龙井 {n}",
                "names": "{}",
                "category": "茶",
                "price": 9_900,
                "currency": "CNY",
                "url": f"https://shop.example/tea/{n}?from=mail&lang=zh",
                "image_url": f"https://shop.example/images/{n}.jpg",
                "available": True,
                "properties": "{}",
                "updated_at": plain,
            }
            for n in range(200)
        ],
        schema=ITEMS.schema,
    )
