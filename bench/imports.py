"""Import of 1.47 million transaction lines into the lake, as Parquet and as CSV, each in a fresh process.

Beside it the same grouping written by hand: one DuckDB COPY that validates nothing, rejects nothing and can
not be repeated safely; the distance is what those promises cost.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "complete-journey" / "transactions.parquet"
LINES_PER_SECOND, MEGABYTES = 60_000, 1_000

IMPORT = """
import json, resource, sys, time
from pathlib import Path
from zhiyin.entrypoints.site import create_workspace
ws = create_workspace(Path(sys.argv[1]), name="Benchmark", currency="USD", timezone="America/New_York")
from zhiyin.services import imports
start = time.perf_counter()
result = imports.run(ws, "orders", [sys.argv[2]])
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
events = ws.lake.count("events")
assert result.read == result.imported + result.rejected
print(json.dumps({"lines": result.read, "events": events, "seconds": seconds, "peak": peak}))
"""

BY_HAND = """
import json, sys, time
import duckdb
connection = duckdb.connect(config={"threads": 2})
connection.execute("SET enable_progress_bar=false")
start = time.perf_counter()
connection.execute(f'''
    COPY (
      SELECT 'order:' || basket_id AS event_id, any_value(household_id)::VARCHAR AS customer_id,
             min(transaction_timestamp) AS timestamp, basket_id::VARCHAR AS order_id,
             sum(round(sales_value * 100)::BIGINT) AS amount,
             list({{item_id: product_id::VARCHAR, quantity: quantity,
                    price: round(sales_value * 100 / greatest(quantity, 1))::BIGINT}}) AS products,
             strftime(min(transaction_timestamp), '%Y-%m') AS month
      FROM '{sys.argv[2]}' GROUP BY basket_id
    ) TO '{sys.argv[1]}' (FORMAT parquet, PARTITION_BY (month))
''')
print(json.dumps({"seconds": time.perf_counter() - start}))
"""


def main() -> list[dict[str, Any]]:
    """Lines a second and peak memory of the importer, and seconds of the hand-written COPY."""
    if not DATA.is_file():
        print(f"imports: skipped, {DATA} is not there")
        return []
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        csv = Path(folder) / "transactions.csv"
        _write_csv(csv)
        for path, name in ((DATA, "Parquet"), (csv, f"CSV, {csv.stat().st_size / 1e6:.0f} MB")):
            found = _run(IMPORT, f"{folder}/shop-{path.suffix[1:]}", str(path))
            speed = found["lines"] / found["seconds"]
            rows += [
                _row(f"import of {found['lines']:,} lines from {name}", round(speed), "lines/s",
                     f"> {LINES_PER_SECOND:,}"),
                _row(f"its peak memory, {name}", round(found["peak"]), "MB", f"< {MEGABYTES:,}"),
            ]  # fmt: skip
            rows.append(_row(f"its time, {name}", round(found["seconds"], 1), "s", ""))
        for path, name in ((DATA, "Parquet"), (csv, "CSV")):
            found = _run(BY_HAND, f"{folder}/hand-{path.suffix[1:]}", str(path))
            rows.append(_row(f"hand-written DuckDB COPY, {name}", round(found["seconds"], 1), "s", ""))
    for row in rows:
        print(f"{row['what']}: {row['value']:,} {row['unit']} (bar {row['bar']})")
    return rows


def _write_csv(path: Path) -> None:
    import pyarrow.csv as arrow_csv
    import pyarrow.parquet as pq

    table = pq.read_table(DATA)
    at = table.schema.get_field_index("transaction_timestamp")
    arrow_csv.write_csv(
        table.set_column(at, "transaction_timestamp", table.column(at).cast("timestamp[s]")), path
    )


def _run(script: str, *arguments: str) -> dict[str, Any]:
    """Run a script in a process of its own, so that its memory is its own; what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _row(what: str, value: float, unit: str, bar: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "bar": bar}


if __name__ == "__main__":
    main()
