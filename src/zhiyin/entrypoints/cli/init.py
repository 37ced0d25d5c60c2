"""``zhiyin init``: make a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import JsonOption, print_json, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it may exist but hold no workspace.")],
    name: Annotated[str, typer.Option(help="Name of the shop.")] = "My shop",
    language: Annotated[str, typer.Option(help="Default language: en or zh-hans.")] = "en",
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the shop's currency.")] = "CNY",
    timezone: Annotated[str, typer.Option(help="IANA time zone of the shop.")] = "Asia/Shanghai",
    as_json: JsonOption = False,
) -> None:
    """Make a workspace: settings with fresh secrets, records, and an empty lake."""
    from zhiyin.entrypoints.site import create_workspace

    workspace = create_workspace(folder, name=name, language=language, currency=currency, timezone=timezone)
    if as_json:
        print_json({"workspace": str(workspace.folder), "base_url": workspace.settings.base_url})
        return
    say(f"Made the workspace [bold]{workspace.folder}[/].")
    say("Next: `zhiyin import customers FILE` inside it, then `zhiyin serve` and open the address it prints.")
