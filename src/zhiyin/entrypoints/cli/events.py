"""``zhiyin events``: count events, and follow what comes in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    table,
)

app = typer.Typer(no_args_is_help=True, help="Count events, and follow what comes in.")


@app.command("count")
def count(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Count the events in the lake by name."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import ingest

    counts = ingest.counts(ws)
    if as_json:
        print_json(counts)
        return
    table("", ("Event", "Count"), [(name, f"{n:,}") for name, n in counts.items()], right=(1,))


@app.command("latest")
def latest(
    workspace: WorkspaceOption = Path("."),
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the events that came last, newest first; times are UTC."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import ingest

    rows = ingest.latest(ws, limit)
    if as_json:
        print_json(rows)
        return
    columns = ("timestamp", "event", "customer_id", "order_id", "amount", "source")
    table("", columns, [[row[name] for name in columns] for row in rows], right=(4,))
