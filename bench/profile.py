"""RFM and lifecycle of all customers, and the count of a segment, against hand-written DuckDB SQL.

Both run over the same Delta lake, with the same threads and memory, in turns; the results must be equal.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from bench import _lake as simulated
from zhiyin.entrypoints.site import create_workspace, open_workspace

if TYPE_CHECKING:
    from zhiyin.services.workspace import Workspace

# of 1,135,000 customers a million did something, as the log-normal shares fall
EVENTS, CUSTOMERS, RUNS = 10_000_000, 1_135_000, 5
THREADS, MEMORY = 2, "4GB"
RULE = (
    'lifecycle in ["active", "at_risk"] and did("Order Completed", at_least=2, within="150d", '
    'where=[category == "Tea"]) and not did("Order Completed", within="30d")'
)

# What an analyst would write for the same table: one scan, `max(…, 2)` for the last two orders.
PROFILE_SQL = """
WITH summed AS (
  SELECT customer_id,
         min(timestamp) AS first_seen, max(timestamp) AS last_seen,
         min(timestamp) FILTER (event = 'Order Completed') AS first_order_at,
         max(timestamp, 2) FILTER (event = 'Order Completed') AS latest,
         count(*) FILTER (event = 'Order Completed') AS placed,
         count(*) FILTER (event = 'Order Cancelled') AS cancelled,
         sum(CASE event WHEN 'Order Completed' THEN amount WHEN 'Order Refunded' THEN -amount
                        WHEN 'Order Cancelled' THEN -amount END) AS revenue
  FROM read_parquet($files, hive_partitioning = true)
  WHERE customer_id IS NOT NULL AND timestamp <= $now
    AND event NOT IN ('Message Decided', 'Email Sent', 'Email Delivered', 'Email Bounced', 'Email Opened')
  GROUP BY customer_id
), traits AS (
  SELECT customer_id, first_seen, last_seen,
         greatest(placed - cancelled, 0) AS orders, coalesce(revenue, 0)::BIGINT AS revenue,
         CASE WHEN placed > cancelled THEN first_order_at END AS first_order_at,
         CASE WHEN placed > cancelled THEN latest[1] END AS last_order_at,
         CASE WHEN placed > cancelled THEN latest[2] END AS previous_order_at,
         placed
  FROM summed
), days AS (
  SELECT *,
         CASE WHEN orders > 0 THEN floor(revenue / orders)::BIGINT END AS average_order_value,
         epoch(date_trunc('second', $now) - date_trunc('second', last_order_at))::BIGINT // 86400 AS recency_days,
         epoch(date_trunc('second', $now) - date_trunc('second', first_order_at))::BIGINT // 86400 AS age_days,
         epoch(date_trunc('second', last_order_at) - date_trunc('second', previous_order_at))::BIGINT // 86400
           AS silence_days,
         CASE WHEN placed > 1 THEN
           epoch(date_trunc('second', last_order_at) - date_trunc('second', first_order_at))::BIGINT // (placed - 1)
         END AS gap_seconds
  FROM traits
), usual AS (
  SELECT greatest(1, floor(median(gap_seconds) / 86400 + 0.5))::BIGINT AS gap_days FROM days
), buyers AS (
  SELECT customer_id, count(*) OVER () AS n,
         rank() OVER (ORDER BY recency_days DESC) * 2 - 1 + count(*) OVER (PARTITION BY recency_days) - 1 AS r2,
         rank() OVER (ORDER BY orders) * 2 - 1 + count(*) OVER (PARTITION BY orders) - 1 AS f2,
         rank() OVER (ORDER BY revenue) * 2 - 1 + count(*) OVER (PARTITION BY revenue) - 1 AS m2
  FROM days WHERE orders > 0
), scored AS (
  SELECT customer_id, 1 + 5 * r2 // (2 * n) AS r, 1 + 5 * f2 // (2 * n) AS f, 1 + 5 * m2 // (2 * n) AS m FROM buyers
)
SELECT customer_id, first_seen, last_seen, first_order_at, last_order_at, orders, revenue,
       average_order_value, recency_days, r, f, m,
       CASE r
         WHEN 5 THEN (['new', 'new', 'potential', 'champions', 'champions'])[(f + m + 1) // 2]
         WHEN 4 THEN (['promising', 'promising', 'potential', 'loyal', 'champions'])[(f + m + 1) // 2]
         WHEN 3 THEN (['about_to_sleep', 'about_to_sleep', 'need_attention', 'loyal', 'loyal'])[(f + m + 1) // 2]
         WHEN 2 THEN (['hibernating', 'hibernating', 'at_risk', 'at_risk', 'cannot_lose'])[(f + m + 1) // 2]
         WHEN 1 THEN (['lost', 'lost', 'hibernating', 'at_risk', 'cannot_lose'])[(f + m + 1) // 2]
       END AS rfm_group,
       CASE WHEN orders = 0 THEN 'lead'
            WHEN age_days <= gap_days THEN 'new'
            WHEN 2 * recency_days <= 3 * gap_days AND silence_days > 3 * gap_days THEN 'won_back'
            WHEN 2 * recency_days <= 3 * gap_days THEN 'active'
            WHEN recency_days <= 3 * gap_days THEN 'at_risk'
            ELSE 'lapsed' END AS lifecycle
FROM days LEFT JOIN scored USING (customer_id), usual
"""

SEGMENT_SQL = """
SELECT count(*) FROM read_parquet($profiles) p
WHERE lifecycle IN ('active', 'at_risk')
  AND customer_id IN (
    SELECT customer_id FROM read_parquet($files, hive_partitioning = true)
    WHERE event = 'Order Completed' AND timestamp > $now - INTERVAL 150 DAY AND timestamp <= $now
      AND list_contains(list_transform(products, lambda line: line.category), 'Tea')
    GROUP BY customer_id HAVING count(*) >= 2)
  AND NOT EXISTS (
    SELECT 1 FROM read_parquet($files, hive_partitioning = true) e
    WHERE e.customer_id = p.customer_id AND event = 'Order Completed'
      AND timestamp > $now - INTERVAL 30 DAY AND timestamp <= $now)
"""

# Of the numbers and the order of events: what they come to, how many different ones, one after another.
EVENTS_RULE = (
    'sum("Order Completed", at_least=20000, within="150d", where=[category == "Tea"]) '
    'and distinct("Product Viewed", of="category", at_least=3, within="90d") '
    'and sequence(["Product Added", "Order Completed"], gap="7d", without=["Order Cancelled"], within="60d")'
)

EVENTS_SQL = """
WITH events AS (
  SELECT * FROM read_parquet($files, hive_partitioning = true)
  WHERE customer_id IS NOT NULL AND timestamp <= $now AND timestamp > $now - INTERVAL 150 DAY
), followed AS (
  SELECT customer_id, event, timestamp,
         max(timestamp) FILTER (event = 'Product Added') OVER earlier AS added,
         max(timestamp) FILTER (event = 'Order Cancelled') OVER earlier AS cancelled
  FROM events
  WHERE (event = 'Product Added' OR event = 'Order Completed' OR event = 'Order Cancelled')
    AND timestamp > $now - INTERVAL 60 DAY
  WINDOW earlier AS (PARTITION BY customer_id ORDER BY timestamp
                     RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING)
)
SELECT count(*) FROM read_parquet($profiles) p
WHERE customer_id IN (
    SELECT customer_id FROM events
    WHERE event = 'Order Completed'
      AND list_contains(list_transform(products, lambda line: line.category), 'Tea')
    GROUP BY customer_id HAVING sum(amount) >= 20000)
  AND customer_id IN (
    SELECT customer_id FROM (
      SELECT DISTINCT customer_id, unnest(products).category AS category FROM events
      WHERE event = 'Product Viewed' AND timestamp > $now - INTERVAL 90 DAY)
    GROUP BY customer_id HAVING count(category) >= 3)
  AND customer_id IN (
    SELECT customer_id FROM followed
    WHERE event = 'Order Completed' AND added >= timestamp - INTERVAL 7 DAY
      AND (cancelled IS NULL OR cancelled <= added))
"""


def main(events: int = EVENTS, customers: int = CUSTOMERS) -> list[dict[str, Any]]:
    """Medians of alternating runs, in seconds, and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        ws = _workspace(Path(folder), events, customers)
        rows = [*_profile(ws), *_segment(ws)]
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']}" + (f" (bar {row['bar']})" if row["bar"] else ""))
    return rows


def _workspace(folder: Path, events: int, customers: int) -> Workspace:
    created = create_workspace(folder / "shop", name="Bench")
    opened = open_workspace(created.folder, {"lake.threads": THREADS, "lake.memory": MEMORY})
    ws = replace(opened, now=lambda: simulated.AS_OF)
    for number, month in enumerate(simulated.months(events, customers), 1):
        ws.lake.append("events", month, app_id="bench", version=number)
    return ws


def _profile(ws: Workspace) -> list[dict[str, Any]]:
    from zhiyin.adapters.records.profile import COLUMNS
    from zhiyin.loop.profile.features.spending import spending
    from zhiyin.loop.profile.lifecycle import lifecycle
    from zhiyin.loop.profile.rfm import borders, cuts, rfm
    from zhiyin.services import profiles

    columns = ["customer_id", *(name for name in COLUMNS if name != "personal_gap_days")]

    def ours() -> pa.Table:
        # what the SQL says as well; a run computes all other features too
        with ws.lake.kept(spending(ws.lake.events(), simulated.AS_OF)) as kept:
            fifths = cuts(ws.lake.collect(borders(kept)).to_pylist())
            return ws.lake.collect(lifecycle(rfm(kept, fifths)).select(*columns))

    def by_hand() -> pa.Table:
        return _sql(ws, PROFILE_SQL).select(columns)

    mine, theirs, first, second = _in_turns(ours, by_hand)
    if _sorted(first) != _sorted(second):
        raise SystemExit("the two profiles differ")
    result = profiles.run(ws)
    size = f"{ws.lake.count('events') / 1e6:.0f} M events, {first.num_rows:,} customers"
    return [
        _row(f"RFM and lifecycle, {size}", round(mine, 2), "s", ""),
        _row("the same in hand-written DuckDB SQL", round(theirs, 2), "s", ""),
        _row("RFM and lifecycle: ratio", round(mine / theirs, 2), "×", "≤ 1.5"),
        _row(f"zhiyin profile, published to {result.customers:,} rows", round(result.seconds, 1), "s", ""),
    ]


def _segment(ws: Workspace) -> list[dict[str, Any]]:
    mine, theirs, count = _counted(ws, RULE, SEGMENT_SQL)
    rows = [
        _row(f"count of a three-condition segment ({count:,}), with its cascade", round(mine, 3), "s", "< 1"),
        _row("the same count in hand-written DuckDB SQL", round(theirs, 3), "s", ""),
        _row("count of a segment: ratio", round(mine / theirs, 2), "×", "≤ 1.3"),
    ]
    mine, theirs, count = _counted(ws, EVENTS_RULE, EVENTS_SQL)
    return [
        *rows,
        _row(f"count by a sum, different values and a sequence ({count:,})", round(mine, 3), "s", ""),
        _row("the same three in hand-written DuckDB SQL", round(theirs, 3), "s", ""),
        _row("count by sum, different values, sequence: ratio", round(mine / theirs, 2), "×", "≤ 1.3"),
    ]


def _counted(ws: Workspace, rule: str, sql: str) -> tuple[float, float, int]:
    """Seconds that a count takes here and in SQL, and how many there are."""
    from zhiyin.services import segments

    def by_hand() -> int:
        return int(_sql(ws, sql, profiles=ws.lake.files("profiles")).column(0)[0].as_py())

    mine, theirs, first, second = _in_turns(lambda: segments.count(ws, rule).count, by_hand)
    if first != second or not first:
        raise SystemExit(f"the two counts differ or are empty: {first}, {second}")
    return mine, theirs, first


def _in_turns(ours: Callable[[], Any], by_hand: Callable[[], Any]) -> tuple[float, float, Any, Any]:
    first, second = ours(), by_hand()  # a warm start for both
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(RUNS):
        for kept, job in zip(times, (ours, by_hand), strict=True):
            gc.collect()
            begun = time.perf_counter()
            job()
            kept.append(time.perf_counter() - begun)
    return statistics.median(times[0]), statistics.median(times[1]), first, second


def _sql(ws: Workspace, sql: str, **values: Any) -> pa.Table:
    connection = _connection()
    now = datetime(*simulated.AS_OF.timetuple()[:6])  # noqa: DTZ001 - plain UTC
    wanted = {"files": ws.lake.files("events"), "now": now, **values}
    return connection.sql(sql, params=wanted).to_arrow_table()


_kept: list[duckdb.DuckDBPyConnection] = []


def _connection() -> duckdb.DuckDBPyConnection:
    if not _kept:
        connection = duckdb.connect(config={"threads": THREADS, "memory_limit": MEMORY})
        connection.execute("SET preserve_insertion_order = false")
        _kept.append(connection)
    return _kept[0]


def _sorted(table: pa.Table) -> list[Any]:
    return table.sort_by("customer_id").to_pylist()


def _row(what: str, value: float, unit: str, bar: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "bar": bar}


if __name__ == "__main__":
    main()
