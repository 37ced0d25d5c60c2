"""``zhiyin campaigns``: create, preview, send and report."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Create, preview, send and report.")
