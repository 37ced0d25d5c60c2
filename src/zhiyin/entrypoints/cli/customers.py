"""``zhiyin customers``: list, find and show customers."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="List, find and show customers.")
