"""Recommenders: accuracy on real purchases under a stated protocol, time to train, and speed of serving."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhiyin.domain.item import Item

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "complete-journey"
# October is the test: a month that no default was chosen on (those were, on the two after it)
CUT, UNTIL = datetime(2017, 10, 1, tzinfo=UTC), datetime(2017, 11, 1, tzinfo=UTC)
HOUSEHOLDS = 10  # products that fewer bought before the cut are not on offer
MODELS = ("popularity", "item_neighbours", "ease")
SERVED = "ease"  # purchases at random have no best model
NOW = datetime(2026, 3, 1, tzinfo=UTC)
CUSTOMERS, CATALOGUE, EVENTS, BATCH = 20_000, 2_000, 1_000_000, 500


def main() -> list[dict[str, Any]]:
    """Accuracy on the Complete Journey, where that is present, and serving from a lake of a million events."""
    rows = [*(accuracy() if DATA.is_dir() else []), *serving()]
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']} (bar {row['bar']})")
    return rows


def accuracy() -> list[dict[str, Any]]:
    """Each model trained on January to September, asked for what households bought for the first time in October."""
    from zhiyin.loop.recommend.data import moment
    from zhiyin.loop.recommend.evaluate import splits
    from zhiyin.loop.recommend.histories import learned
    from zhiyin.loop.recommend.queries import LATEST
    from zhiyin.services.contest import contest, entry

    purchases = complete_journey()
    cut, until = (pa.scalar(at.replace(tzinfo=None), pa.timestamp("us")) for at in (CUT, UNTIL))
    purchases = purchases.filter(pc.less(purchases["at"], until))
    before = purchases.filter(pc.less(purchases["at"], cut))
    households = before.group_by("item_id").aggregate([("customer_id", "count_distinct")])
    enough = pc.greater_equal(households["customer_id_count_distinct"], HOUSEHOLDS)
    items = [Item(item_id, item_id) for item_id in sorted(households.filter(enough)["item_id"].to_pylist())]
    task = splits.by_time(
        learned(purchases, items, UNTIL),
        moment(CUT),
        moment(UNTIL),
        kind="bought",
        latest=LATEST,
        rng=np.random.default_rng(0),
    )
    found = contest([entry(name) for name in MODELS], task, [20], np.random.default_rng(0))
    print(f"Complete Journey: {found.protocol.told};")
    print(f"on offer: products that {HOUSEHOLDS} households bought before the cut")
    rows = []
    for name in MODELS:
        scored = found.models[name]
        for label, metric in (("Recall@20", "recall@20"), ("NDCG@20", "ndcg@20")):
            rows.append(_row(f"{name}, {label}", _told(scored.figures[metric]), "", ""))
            lead = found.over_baseline(name, metric)
            if lead is not None:
                rows.append(_row(f"{name} less popularity, {label}", _told(lead.difference), "", "> 0"))
        rows.append(_row(f"{name}, coverage", round(scored.figures["coverage@20"].value or 0.0, 4), "", ""))
        rows.append(_row(f"{name}, training", round(scored.cost.fit_cpu_s or 0.0, 1), "CPU-s", ""))
        rows.append(_row(f"{name}, ranking for all", round(scored.cost.score_cpu_s or 0.0, 1), "CPU-s", ""))
        rows.append(_row(f"{name}, most memory", round(scored.cost.peak_mb or 0), "MB", ""))
    return rows


def serving() -> list[dict[str, Any]]:
    """Customers served per second in batches as a send asks for them, their histories read from the lake."""
    from zhiyin.adapters.lake.datasets import ITEMS
    from zhiyin.entrypoints.site import create_workspace

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        ws = replace(create_workspace(Path(folder) / "shop", name="Bench"), now=lambda: NOW)
        from zhiyin.services import recommendations, training  # its records need an open workspace

        blank = dict.fromkeys(ITEMS.schema.names)
        shelf = [
            {**blank, "item_id": f"i{n}", "name": f"Item {n}", "available": True} for n in range(CATALOGUE)
        ]
        ws.lake.upsert("items", pa.Table.from_pylist(shelf, schema=ITEMS.schema))
        ws.lake.append("events", purchases_at_random(), app_id="bench", version=1)
        run = training.train(ws, MODELS, placed=["email"])
        for made in run.report["models"]:
            what = f"{made['name']}, training, {EVENTS:,} purchases"
            rows.append(_row(what, round(made["seconds"], 2), "s", ""))
        ids = [f"c{n}" for n in range(20 * BATCH)]
        recommendations.recommend_many(ws, ids[:BATCH], model=SERVED)  # loads the model
        start, used = time.perf_counter(), time.process_time()
        for first in range(0, len(ids), BATCH):
            recommendations.recommend_many(ws, ids[first : first + BATCH], model=SERVED)
        speed = len(ids) / (time.perf_counter() - start)
        used = len(ids) / (time.process_time() - used)
        rows.append(_row("the same by processor time", round(used), "customers/CPU-s", ""))
        rows.append(_row(f"serving with histories, batches of {BATCH}", round(speed), "customers/s", ""))
        start = time.perf_counter()
        for customer_id in ids[:20]:
            recommendations.recommend(ws, customer_id, model=SERVED)
        rows.append(_row("serving one customer", round((time.perf_counter() - start) / 20 * 1000), "ms", ""))
    return rows


def complete_journey() -> pa.Table:
    """Purchases as interactions, one row each."""
    lines = pq.read_table(
        DATA / "transactions.parquet", columns=["household_id", "product_id", "transaction_timestamp"]
    )
    return pa.table(
        {
            "customer_id": lines["household_id"].cast(pa.string()),
            "item_id": lines["product_id"].cast(pa.string()),
            "kind": pa.repeat(pa.scalar("bought"), lines.num_rows),
            "at": lines["transaction_timestamp"].cast(pa.timestamp("us")),
        }
    )


def purchases_at_random() -> pa.Table:
    """Orders of one line by customers who each prefer some part of the catalogue, over a year."""
    from zhiyin.adapters.lake.datasets import EVENTS as DATASET
    from zhiyin.adapters.lake.datasets import LINES

    rng = np.random.default_rng(0)
    customer = rng.integers(0, CUSTOMERS, EVENTS)
    near = (customer % 20) * (CATALOGUE // 20) + rng.integers(0, CATALOGUE // 20, EVENTS)
    item = np.where(rng.random(EVENTS) < 0.7, near, rng.integers(0, CATALOGUE, EVENTS))
    ago = rng.integers(0, 365 * 86_400, EVENTS)
    at = np.datetime64(NOW.replace(tzinfo=None), "us") - ago.astype("timedelta64[s]")
    moments = pa.array(at, pa.timestamp("us"))
    numbers = pa.array(np.arange(EVENTS)).cast(pa.string())
    columns: dict[str, Any] = {
        "event_id": numbers,
        "type": pa.repeat(pa.scalar("track"), EVENTS),
        "event": pa.repeat(pa.scalar("Order Completed"), EVENTS),
        "customer_id": pc.binary_join_element_wise("c", pa.array(customer).cast(pa.string()), ""),
        "timestamp": moments,
        "date": moments.cast(pa.date32()),
        "local_date": moments.cast(pa.date32()),
        "received_at": moments,
        "order_id": numbers,
        "amount": pa.array(np.full(EVENTS, 1000)),
        "month": pc.strftime(moments, "%Y-%m"),
    }
    line = pa.StructArray.from_arrays(
        [
            pc.binary_join_element_wise("i", pa.array(item).cast(pa.string()), ""),
            pa.array(np.ones(EVENTS, dtype=np.int64)),
            pa.array(np.full(EVENTS, 1000)),
            pa.nulls(EVENTS, pa.string()),
        ],
        fields=list(LINES.value_type),
    )
    columns["products"] = pa.ListArray.from_arrays(pa.array(np.arange(EVENTS + 1), pa.int32()), line)
    return pa.table(
        {field.name: columns.get(field.name, pa.nulls(EVENTS, field.type)) for field in DATASET.schema}
    )


def _told(estimate: Any) -> str:
    return f"{estimate.value:.4f} [{estimate.low:.4f}, {estimate.high:.4f}]"


def _row(what: str, value: object, unit: str, bar: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "bar": bar}


if __name__ == "__main__":
    main()
