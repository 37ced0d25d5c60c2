"""Runs every benchmark, prints its rows, and writes ``docs/benchmarks.md``.

python -m bench                  all of them
python -m bench coverage report  some; the others keep their rows
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
RESULTS = HERE / "results.json"
TOOLS = ("tune",)  # modules that prepare benchmarks
LIBRARIES = ("zhiyin", "narwhals", "duckdb", "deltalake", "pyarrow", "numpy", "scipy", "django")

Rows = list[dict[str, Any]]


def names() -> list[str]:
    """Every module of this package that measures something."""
    return sorted(
        path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_") and path.stem not in TOOLS
    )


def main(wanted: list[str]) -> int:
    """Run the wanted ones, all if none is named."""
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"There is no benchmark {', '.join(sorted(unknown))}. There are: {', '.join(names())}.")
        return 2
    console = Console()
    for name in wanted or names():
        module = import_module(f"bench.{name}")
        console.print(f"[bold]{name}[/bold]: {summary(module)}")
        started = time.perf_counter()
        try:
            rows = module.main()
        except FileNotFoundError as missing:
            console.print(f"  skipped: {missing}")
            continue
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}  # others may have run meanwhile
        results[name] = {
            "summary": summary(module),
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "seconds": round(time.perf_counter() - started),
            "rows": rows,
        }
        console.print(drawn(rows))
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        PAGE.write_text(page(results))
    return 0


def summary(module: Any) -> str:
    """The first line of a module's docstring."""
    return (module.__doc__ or module.__name__).strip().splitlines()[0]


def drawn(rows: Rows) -> Table:
    """Rows as a table for the terminal."""
    table = Table("what", "value", "unit", "bar")
    for row in rows:
        table.add_row(*(text(row.get(key, "")) for key in ("what", "value", "unit", "bar")))
    return table


def page(results: dict[str, Any]) -> str:
    """The page of all results."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; each section is a script in `bench/` and can be run alone, for example "
        "`python -m bench report`.",
        "",
        f"Machine: {machine()}. Python {platform.python_version()}; {versions}.",
    ]
    for name, result in sorted(results.items()):
        lines += [
            "",
            f"## {name}",
            "",
            f"{result['summary']} Run on {result['date']} in {result['seconds']} s.",
            "",
            "| what | value | unit | bar |",
            "|---|---|---|---|",
        ]
        for row in result["rows"]:
            cells = (text(row.get(key, "")).replace("|", "\\|") for key in ("what", "value", "unit", "bar"))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def machine() -> str:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}"


def text(value: Any) -> str:
    """A cell: thousands separated, yes and no for truth values."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
