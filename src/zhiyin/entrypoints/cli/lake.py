"""``zhiyin lake``: compact, vacuum and erase."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Compact, vacuum and erase.")
