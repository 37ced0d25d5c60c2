"""``zhiyin campaigns calendar``: which campaign goes out on which day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, say, table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("calendar")(calendar)


def calendar(
    month: Annotated[str, typer.Option(help="Month, such as 2026-11; the present one if left out.")] = "",
    occasions: Annotated[
        str,
        typer.Option(help="Days to mark: chinese, western, both or none; calendar.occasions if left out."),
    ] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List the campaigns of a month by day, with the festivals and sales days beside them."""
    ws = open_workspace(workspace)
    from zhiyin.services import calendar as service

    found = service.month(ws, month, occasions)
    if as_json:
        print_json(found.to_dict())
        return
    rows: list[tuple[str, str, str, str, str]] = []
    for one in found.days:
        first = f"{one.day:%a %d}"
        names = ", ".join(occasion.name for occasion in one.occasions)
        for send in one.sends:
            recipients = "" if send.recipients is None else f"{send.recipients:,}"
            rows.append((first, names, f"{send.at:%H:%M} {send.name}", send.status, recipients))
            first = names = ""
        if names:
            rows.append((first, names, "", "", ""))
    table(f"{found.first:%B %Y}", ("Day", "Marked", "Campaign", "Status", "Recipients"), rows, right=(4,))
    if found.undated:
        say(f"Drafts without a day: {found.undated:,}.")
