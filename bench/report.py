"""A report over 100,000 recipients, and its join against hand-written DuckDB SQL."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

PEOPLE = 100_000
START = datetime(2026, 3, 2, 10, tzinfo=UTC)
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0",
)


def main(people: int = PEOPLE) -> list[dict[str, object]]:
    """Seconds for the whole report, for its join, and for the same join in SQL (best of three)."""
    with tempfile.TemporaryDirectory() as folder:
        from zhiyin.entrypoints.site import create_workspace, open_workspace

        create_workspace(Path(folder) / "shop", name="Benchmark")
        ws = open_workspace(Path(folder) / "shop", {})
        events = build(ws, people)

        from zhiyin.services import reports

        moment = START + timedelta(days=8)
        report, whole = best(lambda: reports.campaign(ws, "spring", moment))
        _, lines = best(lambda: reports.effects(ws))
        ours, join = best(lambda: join_of(ws, moment))
        theirs, sql = best(lambda: by_hand(ws))
        if ours != theirs:
            raise AssertionError(f"the join gives {ours}, the SQL {theirs}")
        ws.spool.close()
    what = f"report over {people:,} recipients, {events:,} events"
    return [
        {"what": what, "value": round(whole, 2), "unit": "s", "bar": "under 2"},
        {"what": "one line for the list of campaigns", "value": round(lines, 2), "unit": "s", "bar": ""},
        {"what": "its join alone", "value": round(join, 3), "unit": "s", "bar": ""},
        {"what": "the same join in hand-written DuckDB SQL", "value": round(sql, 3), "unit": "s", "bar": ""},
        {"what": "ratio", "value": round(join / sql, 2), "unit": "times", "bar": ""},
        {"what": "parts of the report that add up", "value": report.accounted.planned, "unit": "people",
         "bar": f"{people}"},
    ]  # fmt: skip


def build(ws: Any, people: int) -> int:
    """A ledger and a lake with a sent campaign, orders of half a year, opens and clicks; returns events."""
    from zhiyin.adapters.lake.datasets import EVENTS
    from zhiyin.adapters.records.models import Campaign, Message, Segment

    rng = np.random.default_rng(1)
    segment = Segment.objects.create(
        key="all", name="All", rule={"all": []}, created_at=START, updated_at=START
    )
    campaign = Campaign.objects.create(
        key="spring", name="Spring", segment=segment, subject="Tea", body="", sender_name="Shop",
        sender_email="shop@example.com", holdout=0.1, seed="s", cost=5, status="sent", created_at=START,
        started_at=START, planned_at=START, finished_at=START,
    )  # fmt: skip
    ids = np.array([f"customer-{i:07}" for i in range(people)])
    held = rng.random(people) < 0.1
    refused = ~held & (rng.random(people) < 0.05)
    Message.objects.bulk_create(
        (
            Message(
                token=f"t{i}", program="campaign:spring", customer_id=ids[i], campaign=campaign,
                status="held_out" if held[i] else "refused" if refused[i] else "accepted",
                reason="holdout" if held[i] else "no_consent" if refused[i] else "",
                planned_at=START, due_at=START, handed_over_at=None if held[i] or refused[i] else START,
            )
            for i in range(people)
        ),
        batch_size=5_000,
    )  # fmt: skip
    start = np.datetime64(START.replace(tzinfo=None), "us")
    total = 0

    def append(name: str, who: Any, seconds: Any, **columns: Any) -> None:
        nonlocal total
        n = len(who)
        at = start + (np.asarray(seconds) * 1e6).astype("timedelta64[us]")
        given = {
            "event_id": pa.array([f"{name}:{total + i}" for i in range(n)]),
            "type": pa.array(["track"] * n),
            "event": pa.array([name] * n),
            "customer_id": pa.array(ids[who]),
            "timestamp": pa.array(at),
            "date": pa.array(at.astype("datetime64[D]")),
            "local_date": pa.array(at.astype("datetime64[D]")),
            "received_at": pa.array(at),
            "month": pa.array(at.astype("datetime64[M]").astype(str)),
            **{key: pa.array(value) for key, value in columns.items()},
        }
        arrays = [given.get(field.name, pa.nulls(n, field.type)).cast(field.type) for field in EVENTS.schema]
        ws.lake.append("events", pa.table(arrays, schema=EVENTS.schema), app_id=f"bench:{total}", version=1)
        total += n

    everyone = np.arange(people)
    before = rng.integers(0, people, people * 5)
    append("Order Completed", before, -rng.integers(3600, 180 * 86400, len(before)),
           order_id=[f"o{i}" for i in range(len(before))], amount=rng.integers(2_000, 30_000, len(before)))  # fmt: skip
    append("Message Decided", everyone, np.zeros(people), campaign=["spring"] * people,
           properties=[f'{{"token":"t{i}","assigned":"{"holdout" if held[i] else "send"}"}}' for i in everyone])  # fmt: skip
    buyers = everyone[rng.random(people) < np.where(held, 0.05, 0.065)]
    append("Order Completed", buyers, rng.exponential(2 * 86400, len(buyers)),
           order_id=[f"n{i}" for i in buyers], amount=rng.integers(2_000, 30_000, len(buyers)))  # fmt: skip
    sent = everyone[~held & ~refused]
    append("Email Delivered", sent, np.full(len(sent), 60.0), campaign=["spring"] * len(sent),
           properties=[f'{{"token":"t{i}"}}' for i in sent])  # fmt: skip
    for name, share in (("Email Opened", 0.45), ("Email Link Clicked", 0.06)):
        who = sent[rng.random(len(sent)) < share]
        agents = rng.integers(0, len(AGENTS), len(who))
        append(name, who, 60 + rng.exponential(36_000, len(who)), campaign=["spring"] * len(who),
               properties=[
                   f'{{"token":"t{i}","user_agent":"{AGENTS[agent]}","method":"GET","url":"/tea/{i % 7}"}}'
                   for i, agent in zip(who, agents, strict=True)
               ])  # fmt: skip
    return total


def join_of(ws: Any, moment: datetime) -> list[tuple[str, int, int]]:
    """Buyers and revenue by arm, with the functions of the report."""
    from zhiyin.services import outcomes

    found = outcomes.of(ws, _campaigns(), moment)["spring"]
    message, holdout = found.arms()
    return [
        ("holdout", holdout.bought, round(holdout.revenue.total)),
        ("send", message.bought, round(message.revenue.total)),
    ]


def by_hand(ws: Any) -> list[tuple[str, int, int]]:
    """The same in SQL over the same files."""
    import duckdb

    files = ws.lake.files("events")
    query = """
        WITH decided AS (
            SELECT customer_id, min("timestamp") AS decided_at,
                   min(json_extract_string(properties, '$.assigned')) AS assigned
            FROM read_parquet($files, hive_partitioning = true, union_by_name = true)
            WHERE event = 'Message Decided' AND campaign = 'spring' GROUP BY customer_id
        )
        SELECT assigned, count(DISTINCT customer_id), sum(amount)::BIGINT
        FROM decided JOIN read_parquet($files, hive_partitioning = true, union_by_name = true) AS e
             USING (customer_id)
        WHERE e.event = 'Order Completed' AND e."timestamp" >= decided_at
          AND e."timestamp" < decided_at + INTERVAL 7 DAY
        GROUP BY assigned ORDER BY assigned
    """
    with duckdb.connect() as connection:
        return connection.execute(query, {"files": files}).fetchall()


def best(work: Callable[[], Any], times: int = 3) -> tuple[Any, float]:
    """The result, and the shortest time of some runs."""
    shortest = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        result = work()
        shortest = min(shortest, time.perf_counter() - started)
    return result, shortest


def _campaigns() -> list[Any]:
    from zhiyin.adapters.records.models import Campaign

    return list(Campaign.objects.all())
