"""A campaign to 100,000: what the sending processes hold of memory must not grow with what they have sent."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import _letters, _sink

RECIPIENTS = int(os.environ.get("ZHIYIN_BENCH_RECIPIENTS", "100_000"))
CORES = 2
FIRST = RECIPIENTS // 10  # by then everything is loaded
GROWTH = 10  # percent


def main() -> list[dict[str, Any]]:
    """The most that each process held in the first tenth and in the last, and the pace."""
    if not sys.platform.startswith("linux"):
        raise FileNotFoundError("/proc, from which memory is read")
    held: dict[int, list[tuple[int, float]]] = {}
    with _sink.sink() as port, tempfile.TemporaryDirectory() as folder:
        ws = _letters.shop(Path(folder) / "shop", port, RECIPIENTS, CORES)
        campaign = _letters.campaign(ws, "spring")
        with _letters.working(ws) as process:
            time.sleep(3)

            def look(sent: int) -> None:
                for each in _letters.descendants(process):
                    held.setdefault(each, []).append((sent, _letters.memory_mb(each)))

            seconds = _letters.send(ws, campaign.key, step=1.0, look=look)
    rows = [
        {"what": f"campaign to {RECIPIENTS:,}, whole path, two processes", "value": round(RECIPIENTS / seconds),
         "unit": "messages/s", "bar": "≥ 250"},
    ]  # fmt: skip
    for number, seen in enumerate(held.values(), start=1):
        early = max(mb for sent, mb in seen if sent <= 2 * FIRST)
        late = max(mb for sent, mb in seen if sent >= RECIPIENTS - FIRST)
        rows += [
            {"what": f"process {number}: most memory in the first fifth", "value": round(early), "unit": "MB"},
            {"what": f"process {number}: most in the last tenth", "value": round(late), "unit": "MB"},
            {"what": f"process {number}: growth", "value": round(100 * (late / early - 1), 1), "unit": "%",
             "bar": f"≤ {GROWTH}"},
        ]  # fmt: skip
    return rows


if __name__ == "__main__":
    from rich.console import Console

    from bench.__main__ import drawn

    Console().print(drawn(main()))
