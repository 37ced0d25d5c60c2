"""The demo in a fresh process: wall time and peak memory of all its processes; and how fast the CLI starts."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ZHIYIN = [sys.executable, "-m", "zhiyin.entrypoints.cli"]
CUSTOMERS = 5_000


def main() -> list[dict[str, Any]]:
    """Run `zhiyin demo --no-serve` and `zhiyin --help`."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, megabytes = watched(
            [*ZHIYIN, "demo", f"{folder}/demo", "--no-serve", "--json", "--customers", str(CUSTOMERS)]
        )
    rows = [
        {
            "what": f"zhiyin demo, {CUSTOMERS:,} customers",
            "value": round(seconds, 1),
            "unit": "s",
            "bar": "< 180",
        },
        {"what": "its peak memory, all processes", "value": round(megabytes), "unit": "MB", "bar": "< 2000"},
        {"what": "zhiyin --help, median of 7", "value": round(_help(), 3), "unit": "s", "bar": "< 0.5"},
    ]
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']} (bar {row['bar']})")
    return rows


def watched(command: list[str]) -> tuple[float, float]:
    """Run a command; seconds, and the peak of the memory of it and everything it started, in MB.

    Pages that several processes share count once (the kernel's proportional set size).
    """
    begun, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, sum(_megabytes(pid) for pid in _tree(process.pid)))
        time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - begun, peak


def _help() -> float:
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        subprocess.run([*ZHIYIN, "--help"], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    return sorted(times)[3]


def _tree(root: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _megabytes(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0  # it ended meanwhile
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


if __name__ == "__main__":
    main()
