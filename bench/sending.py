"""A campaign to a local mail server in another process: the whole path, against a bare smtplib loop."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

RECIPIENTS = 3_000
BAR = 150

_SINK = """
import asyncio, sys
from aiosmtpd.smtp import SMTP

class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 2.0.0 Taken"

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


def main() -> list[dict[str, Any]]:
    """Send one campaign to 3,000 people, then as many pre-built messages through plain smtplib."""
    with _sink() as port, tempfile.TemporaryDirectory() as folder:
        campaign, parts = _campaign(Path(folder) / "shop", port)
        bare = _bare(port, parts.pop("message"))
    return [
        {
            "what": f"campaign to {RECIPIENTS:,}, whole path",
            "value": campaign,
            "unit": "messages/s",
            "bar": f"≥ {BAR}",
        },
        {
            "what": "smtplib alone, one connection, a pre-built message",
            "value": bare,
            "unit": "messages/s",
            "bar": "",
        },
        *(
            {"what": what, "value": round(value, 2), "unit": "ms a message", "bar": ""}
            for what, value in parts.items()
        ),
    ]


def _campaign(folder: Path, port: int) -> tuple[float, dict[str, Any]]:
    from zhiyin.adapters import settings
    from zhiyin.entrypoints.site import create_workspace, open_workspace

    create_workspace(folder, name="Tea house", language="zh-hans")
    settings.write(
        folder,
        {"smtp.host": "127.0.0.1", "smtp.port": port, "smtp.security": "none", "shop.address": "苏州市平江路 1 号",
         "sender.email": "shop@example.com", "campaign.holdout": 0.0},
    )  # fmt: skip
    ws = open_workspace(folder)
    from zhiyin.adapters.records.models import Campaign
    from zhiyin.services import campaigns, messages, planning, profiles, segments, sending, training

    _people(ws)
    profiles.run(ws)
    training.train(ws, ["item_neighbours"], placed=["email"], budget=timedelta(minutes=1))
    segments.create(ws, "everyone", "Everyone", {"all": []})
    campaigns.create(
        ws,
        key="spring",
        name="Spring",
        segment="everyone",
        template="picks-zh",
        recommender="item_neighbours",
    )
    campaigns.start(ws, "spring")

    started, cpu = time.perf_counter(), time.process_time()
    planning.plan_step(ws)
    planned = time.perf_counter()
    counts = sending.run_until_done(ws, "spring")
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert counts["accepted"] == RECIPIENTS, counts

    row = Campaign.objects.get()
    tokens = {f"c{n:05}": f"{n:032x}" for n in range(500)}
    again = time.perf_counter()
    written = messages.write(ws, row, tokens, now=ws.now())
    writing = time.perf_counter() - again
    sample = written["c00000"]
    assert isinstance(sample, messages.Written), sample
    assert sample.items
    return round(RECIPIENTS / seconds), {
        "planning, of it": (planned - started) * 1e3 / RECIPIENTS,
        "recommending, rendering, links and MIME, of it": writing * 1e3 / len(tokens),
        "processor time of this process": cpu * 1e3 / RECIPIENTS,
        "message": sample.envelope,
    }


def _people(ws: Any) -> None:
    """Customers with consent, 200 teas, and six orders each."""
    import random

    from zhiyin.adapters.lake.rows import events_to_table
    from zhiyin.adapters.records.models import Consent, Customer
    from zhiyin.domain.event import ORDER_COMPLETED, Event, Line

    rng, now = random.Random(1), ws.now()
    ids = [f"c{n:05}" for n in range(RECIPIENTS)]
    Customer.objects.bulk_create(
        Customer(customer_id=i, email=f"{i}@example.com", name=f"客户 {i}", language="zh-hans") for i in ids
    )
    Consent.objects.bulk_create(
        Consent(customer_id=i, channel="email", granted=True, source="import", at=now) for i in ids
    )
    ws.lake.upsert("items", _items(now))
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
        for i in ids
        for n in range(6)
    ]
    table = events_to_table(events, timezone=ws.timezone, received_at=now)
    ws.lake.append("events", table, app_id="bench", version=1)


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


def _bare(port: int, message: Any) -> float:
    """What one connection of smtplib reaches when nothing else has to be done."""
    with smtplib.SMTP("127.0.0.1", port) as session:
        started = time.perf_counter()
        for _ in range(RECIPIENTS // 3):
            session.sendmail(message.sender, message.to, message.content)
        return round(RECIPIENTS // 3 / (time.perf_counter() - started))


@contextmanager
def _sink() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", _SINK], stdout=subprocess.PIPE, text=True)
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
