"""A simulated day of a million events lived through by a stepped clock, then computed in batch: the same memberships.

Every five simulated minutes the worker has its rounds; segments are settled at midnight. At the day's end another
workspace gets all events at once, its customers are profiled by the same facts of the shop, and every segment is asked
in batch.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

EVENTS = int(os.environ.get("ZHIYIN_BENCH_EVENTS", "1000000"))
CUSTOMERS, EVERY = 20_000, timedelta(seconds=float(os.environ.get("ZHIYIN_BENCH_EVERY", "300")))
_TELL = 50_000  # events between two reports
START = datetime(2026, 3, 1, 12, tzinfo=UTC)  # eight in the evening of the shop: its midnight is in the day
NAMES = (
    "Product Viewed",
    "Product Added",
    "Products Searched",
    "Order Completed",
    "Order Refunded",
    "identify",
)
SHARES = (0.62, 0.1, 0.1, 0.12, 0.02, 0.04)
RULES = (
    'did("Order Completed", at_least={n})',
    'did("Product Viewed", at_least={n}, within="{minutes}m")',
    'did("Product Added", before="{minutes}m") and not did("Order Completed", within="{hours}h")',
    'did("Order Completed", within="{hours}h", where=[coupon == "A"])',
    "orders >= {n} and revenue >= {money}",
    'last_seen.within("{hours}h") and not last_order_at.within("{hours}h")',
    'lifecycle in ["new", "lead"] and orders <= {n}',
    'city == "Wuxi" or email_consent == True',
    "returns >= {n} or visits_90d >= {n}",
    'not did("Product Viewed", at_least={n}) or average_order_value > {money}',
    'in_segment("segment-1") and not in_segment("segment-4")',
)  # fmt: skip


def main() -> list[dict[str, Any]]:
    """Rows: events, seconds, memberships compared, those apart."""
    with tempfile.TemporaryDirectory() as name:
        found = replayed(Path(name), EVENTS, CUSTOMERS, EVERY, tell=_told)
    for one in found["different"][:10]:
        print("apart:", *one)
    return [
        {"what": "events replayed live", "value": found["events"], "unit": ""},
        {"what": "replaying took", "value": round(found["seconds"]), "unit": "s"},
        {"what": "computing the same in batch took", "value": round(found["batch_seconds"]), "unit": "s"},
        {"what": f"memberships of {found['segments']} segments at the end", "value": found["members"], "unit": ""},
        {"what": "entered or left during the day", "value": found["transitions"], "unit": ""},
        {"what": "memberships compared, in or out", "value": found["compared"], "unit": "", "bar": "≥ 1,000,000"},
        {"what": "apart", "value": len(found["different"]), "unit": "", "bar": "0"},
    ]  # fmt: skip


def _told(events: int, of: int, seconds: float) -> None:
    """Where it is, once in fifty thousand events or so."""
    print(f"{events:,} of {of:,} events after {seconds:,.0f} s", flush=True)


def replayed(
    folder: Path,
    events: int,
    customers: int,
    every: timedelta,
    segments: int = 50,
    tell: Callable[[int, int, float], None] | None = None,
) -> dict[str, Any]:
    """Live through a day, then compute it in batch; ``different`` holds what is in one of them only."""
    clock = [START]
    live, batch = _shop(folder / "live", clock), _shop(folder / "batch", clock)
    from zhiyin.adapters.records.models import Customer, ProfileRun, Transition
    from zhiyin.services import ingest, memberships, profiles, refresh, renewals
    from zhiyin.services import segments as service

    started = time.perf_counter()
    _use(live)
    profiles.run(live)
    facts = ProfileRun.objects.get().facts
    texts = dict(_segments(segments))
    for key, text in texts.items():
        service.create(live, key, key, text)
    memberships.settle(live)
    day, at, told = list(_day(events, customers)), 0, 0
    while at < len(day):
        clock[0] += every
        till = at
        while till < len(day) and day[till][0] <= clock[0]:
            till += 1
        _send(live, day[at:till])
        at = till
        live.spool.close()
        while ingest.drain(live) + memberships.round(live) or renewals.renew(live):
            pass
        if tell is not None and at - told >= _TELL:
            tell(at, len(day), time.perf_counter() - started)
            told = at
    seconds = time.perf_counter() - started
    members = {(key, who) for key in texts for who in memberships.members(live, key)}
    transitions = Transition.objects.count()
    live.spool.close()
    started = time.perf_counter()
    _use(batch)
    _send(batch, day)
    batch.spool.close()
    while ingest.drain(batch):
        pass
    ProfileRun.objects.create(at=START, customers=0, facts=facts)
    refresh.refresh(batch, list(Customer.objects.values_list("pk", flat=True)))
    for key, text in texts.items():
        service.create(batch, key, key, text)
    wanted = {(key, who) for key, text in texts.items() for who in service.members(batch, text)}
    batch.spool.close()
    people = Customer.objects.count()
    return {
        "events": len(day),
        "segments": len(texts),
        "compared": len(texts) * people,
        "batch_seconds": time.perf_counter() - started,
        "members": len(members),
        "transitions": transitions,
        "different": sorted(members ^ wanted),
        "seconds": seconds,
    }


def _shop(folder: Path, clock: list[datetime]) -> Any:
    from zhiyin.entrypoints.site import create_workspace, open_workspace

    create_workspace(folder, name="Bench")
    return replace(open_workspace(folder), now=lambda: clock[0])


def _use(ws: Any) -> None:
    """Records of one workspace at a time: from here on those of this one."""
    from zhiyin.entrypoints.site import open_workspace

    open_workspace(ws.folder)


def _segments(count: int) -> Iterator[tuple[str, str]]:
    rng = np.random.default_rng(3)
    for number in range(count):
        given = {
            "n": int(rng.integers(1, 6)),
            "minutes": int(rng.integers(5, 600)),
            "hours": int(rng.integers(1, 23)),
            "money": int(rng.integers(1_000, 40_000)),
        }
        yield f"segment-{number}", RULES[number % len(RULES)].format(**given)


def _day(events: int, customers: int) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Messages in the order in which they come; some happened up to three days before."""
    rng = np.random.default_rng(4)
    seconds = np.sort(rng.random(events)) * 86_400
    kinds = rng.choice(len(NAMES), events, p=SHARES)
    who = rng.integers(0, customers, events)
    late = np.where(rng.random(events) < 0.01, rng.random(events) * 3 * 86_400, 0)
    for number, (second, kind, customer, behind) in enumerate(zip(seconds, kinds, who, late, strict=True)):
        came = START + timedelta(seconds=float(second))
        happened = came - timedelta(seconds=float(behind))
        message: dict[str, Any] = {
            "messageId": f"m{number}", "userId": f"c{customer}", "timestamp": happened.isoformat(),
        }  # fmt: skip
        name = NAMES[kind]
        if name == "identify":
            traits = {"city": ("Wuxi", "Suzhou", "Ningbo")[number % 3], "email_consent": number % 7 < 5}
            message |= {"type": "identify", "traits": traits}
        else:
            message |= {"type": "track", "event": name, "properties": _properties(name, number)}
        yield came, message


def _properties(name: str, number: int) -> dict[str, Any]:
    if name == "Order Completed":
        coupon = "A" if number % 5 == 0 else "B"
        return {"order_id": f"o{number}", "total": 10 + number % 290, "currency": "CNY", "coupon": coupon}
    if name == "Order Refunded":
        return {"order_id": f"r{number}", "total": 5, "currency": "CNY"}
    return {"product_id": f"tea-{number % 97}"}


def _send(ws: Any, messages: list[tuple[datetime, dict[str, Any]]]) -> None:
    """Keep messages as the tracking API does, twenty a request."""
    for start, end in pairwise([*range(0, len(messages), 20), len(messages)]):
        came = messages[end - 1][0]
        entry = {"receivedAt": came, "source": "web", "kind": "batch"}
        body = {"batch": [message for _, message in messages[start:end]]}
        ws.spool.append([msgspec.json.encode({**entry, "body": body})])
