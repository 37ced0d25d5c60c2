"""``zhiyin campaigns check``: what stands against sending, with lines; on demand whether links answer."""

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
    progress,
    say,
    table,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    key: Annotated[str, typer.Argument(help="Key of the campaign.")],
    links: Annotated[
        bool, typer.Option("--links", help="Ask the web whether links and pictures are there.")
    ] = False,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Check a campaign before it is sent. Ends with exit code 1 if something must be mended."""
    ws = open_workspace(workspace)
    from zhiyin.services import campaigns, checks, link_answers

    row = campaigns.get(ws, key)
    found = checks.check(ws, row)
    answers = []
    if links:
        with progress("Asking the web", quiet=as_json) as step:
            answers = link_answers.ask(ws, row, on_progress=step)
    lost = [one for one in answers if one.state == link_answers.GONE]
    if as_json:
        told = {"problems": [asdict(one) for one in found]}
        print_json({**told, "links": [asdict(one) for one in answers]} if links else told)
    else:
        rows = [(one.level, one.code, str(one.line or ""), one.text) for one in found]
        if rows:
            table("", ("Level", "Code", "Line", "What"), rows, right=(2,), whole=(1,))
        else:
            say("Nothing stands against sending.")
        if links:
            table("", ("Link", "Answer", "What"), [(one.url, one.state, one.detail) for one in answers])
    if lost or any(one.level == "error" for one in found):
        raise typer.Exit(1)
