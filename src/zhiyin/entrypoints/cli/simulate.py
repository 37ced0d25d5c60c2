"""``zhiyin simulate``: a market with known ground truth."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="A market with known ground truth.")
