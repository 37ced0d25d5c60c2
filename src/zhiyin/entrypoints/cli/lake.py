"""``zhiyin lake``: status, compact, vacuum and erase."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, say, table

app = typer.Typer(no_args_is_help=True, help="Look at the lake, compact, vacuum and erase.")


@app.command()
def status(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Show rows, files and size of each dataset."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import lake

    found = lake.status(ws)
    if as_json:
        print_json([{"dataset": s.dataset, "rows": s.rows, "files": s.files, "bytes": s.size} for s in found])
        return
    rows = [(s.dataset, f"{s.rows:,}", f"{s.files:,}", f"{s.size / 1e6:,.1f} MB") for s in found]
    table("", ("Dataset", "Rows", "Files", "Size"), rows, right=(1, 2, 3))


@app.command()
def compact(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Join small files, which makes questions faster."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import lake

    replaced = lake.compact(ws)
    if as_json:
        print_json(replaced)
        return
    say(f"Joined {sum(replaced.values()):,} files.")


@app.command()
def vacuum(
    keep_hours: Annotated[int, typer.Option(min=0, help="Keep files younger than this.")] = 24 * 7,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Remove files that no current version needs."""
    removed = open_workspace(workspace).lake.vacuum(keep_hours=keep_hours)
    if as_json:
        print_json({"removed": removed})
        return
    say(f"Removed {removed:,} files.")


@app.command()
def erase(
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Erase a customer from lake, records and spool, for good."""
    from dataclasses import asdict

    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import privacy

    if not yes:
        typer.confirm(f"Erase {customer} for good?", abort=True)
    erased = privacy.erase(ws, customer)
    if as_json:
        print_json(asdict(erased))
        return
    rows = [(f"lake: {name}", n) for name, n in erased.lake.items()]
    rows += [(f"records: {name}", n) for name, n in erased.records.items()]
    table(f"Erased {customer}", ("Where", "Rows"), rows, right=(1,))
