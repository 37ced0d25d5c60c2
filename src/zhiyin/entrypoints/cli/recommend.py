"""``zhiyin recommend``: train, evaluate and ask recommenders."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Train, evaluate and ask recommenders.")
