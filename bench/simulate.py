"""The simulated market at scale: constant memory whatever the number of customers.

200,000 customers by default; `python -m bench.simulate 2000000` for the largest.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from bench.demo import ZHIYIN, watched


def main(customers: int = 200_000) -> list[dict[str, Any]]:
    """Write the files of a market as Parquet, once with a tenth of the customers and once with all."""
    memory = {}
    for count in (customers // 10, customers):
        with tempfile.TemporaryDirectory() as folder:
            command = [*ZHIYIN, "simulate", f"{folder}/market", "--customers", str(count)]
            seconds, memory[count] = watched([*command, "--format", "parquet", "--json"])
    rows = [
        {
            "what": f"zhiyin simulate, {customers:,} customers",
            "value": round(seconds, 1),
            "unit": "s",
            "bar": "",
        },
        {"what": "its peak memory", "value": round(memory[customers]), "unit": "MB", "bar": "< 1000"},
        {
            "what": "peak memory against a tenth of the customers",
            "value": round(memory[customers] / memory[customers // 10], 2),
            "unit": "times",
            "bar": "< 2",
        },
    ]
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']} (bar {row['bar']})")
    return rows


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
