"""``zhiyin config``: every setting, its value, and where that comes from."""

from __future__ import annotations

from pathlib import Path

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, print_json, table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("config")(config)


def config(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Show every setting, its value (secrets masked) and where it comes from."""
    from zhiyin.adapters.settings import explain

    values = explain(workspace)
    if as_json:
        print_json([{"key": v.key, "value": v.shown, "source": v.source, "doc": v.doc} for v in values])
        return
    table("", ("Setting", "Value", "From", "Meaning"), [(v.key, v.shown, v.source, v.doc) for v in values])
