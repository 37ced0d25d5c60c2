"""``zhiyin events``: count and follow events, and the keys that may send them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    say,
    table,
)

app = typer.Typer(no_args_is_help=True, help="Count and show events, and make the keys that may send them.")


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


@app.command("key")
def key(
    name: Annotated[str, typer.Argument(help="What the key is for, such as 'web shop'.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Make a write key for the tracking API; it is shown once."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import api_keys

    made = api_keys.create(ws, name)
    if as_json:
        print_json({"name": name, "write_key": made})
        return
    say(f"Write key for {name}: [bold]{made}[/]")
    say("It is not shown again. Send it as the user of Basic authentication to POST /v1/batch.")
