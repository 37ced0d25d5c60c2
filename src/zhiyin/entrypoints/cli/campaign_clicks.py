"""``zhiyin campaigns clicks``: the links of a campaign, and who followed one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    say,
    table,
)

Key = Annotated[str, typer.Argument(help="Key of the campaign.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("clicks")(clicks)


def clicks(
    key: Key,
    url: Annotated[
        str, typer.Option("--url", help="The link whose people to list; all links if left out.")
    ] = "",
    save: Annotated[
        str, typer.Option("--save", help="With --url: make a segment of them, by this name.")
    ] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show who followed which link, machines apart."""
    if save and not url:
        raise typer.BadParameter("say which link with --url", param_hint="--save")
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import clickers, reports

    if not url:
        links = reports.campaign(ws, key).links
        if as_json:
            print_json([asdict(link) for link in links])
            return
        cells = [(link.url, f"{link.people:,}", f"{link.clicks:,}", f"{link.others:,}") for link in links]
        table("", ("Link", "People", "Clicks", "Machines"), cells, right=(1, 2, 3))
        return
    people = clickers.of(ws, key, url)
    segment = clickers.save(ws, key, url, save) if save else None
    if as_json:
        print_json({"people": [asdict(one) for one in people], "segment": segment.key if segment else None})
        return
    rows = [(one.customer_id, one.name, f"{one.clicks:,}", one.at or "") for one in people]
    table("", ("Customer", "Name", "Clicks", "First"), rows, right=(2,))
    if segment:
        say(f"Segment [bold]{segment.key}[/] holds whoever followed it.")
