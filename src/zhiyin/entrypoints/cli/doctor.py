"""``zhiyin doctor``: is everything in order?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, table

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Check the whole installation; ends with exit code 1 if something does not work."""
    ws = open_workspace(workspace)  # before anything touches the records
    from rich.text import Text

    from zhiyin.services.doctor import check

    checks = check(ws)
    if as_json:
        print_json([asdict(c) for c in checks])
    else:
        table(
            "",
            ("Check", "", "Found", "What to do"),
            [(c.name, Text(c.level, _COLOURS[c.level]), c.what, c.fix) for c in checks],
        )
    if any(c.level == "problem" for c in checks):
        raise typer.Exit(1)
