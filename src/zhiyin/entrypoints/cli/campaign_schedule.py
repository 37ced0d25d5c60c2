"""``zhiyin campaigns schedule``: a campaign that begins by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import WorkspaceOption, open_workspace, say

Key = Annotated[str, typer.Argument(help="Key of the campaign.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("schedule")(schedule)
    app.command("unschedule")(unschedule)


def schedule(
    key: Key,
    at: Annotated[str, typer.Option("--at", help="When, on the shop's clock: '2026-11-28 10:00'.")],
    local: Annotated[
        bool, typer.Option("--local", help="At that hour of each recipient's own clock.")
    ] = False,
    allow_local_links: Annotated[
        bool, typer.Option(help="Send although links lead to this machine only, to try things out.")
    ] = False,
    workspace: WorkspaceOption = Path("."),
) -> None:
    """Let a draft begin by itself at a moment; `zhiyin serve` or `zhiyin work` must run then."""
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise typer.BadParameter("write it as '2026-11-28 10:00'", param_hint="--at") from error
    ws = open_workspace(workspace)
    from zhiyin.services import schedules

    moment = moment if moment.tzinfo else moment.replace(tzinfo=ws.timezone)
    row = schedules.schedule(ws, key, moment, local=local, allow_local_links=allow_local_links)
    shown = moment.astimezone(ws.timezone).isoformat(" ", "minutes")
    say(f"{row.name} goes out at {shown}" + (", on each recipient's own clock." if local else "."))


def unschedule(
    key: Key,
    workspace: WorkspaceOption = Path("."),
) -> None:
    """Make a scheduled campaign a draft again."""
    ws = open_workspace(workspace)
    from zhiyin.services import schedules

    say(f"{schedules.unschedule(ws, key).name} is a draft again.")
