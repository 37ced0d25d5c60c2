"""``zhiyin profile``: describe every customer."""

from __future__ import annotations

from pathlib import Path

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, print_json, progress, say, table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("profile")(profile)


def profile(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Compute traits, RFM groups and lifecycle stages of all customers, as of now."""
    from dataclasses import asdict

    from zhiyin.domain.money import display
    from zhiyin.entrypoints.cli.output import open_workspace

    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import profiles

    with progress("Reading", quiet=as_json) as step:
        result = profiles.run(ws, step)
    if as_json:
        print_json(asdict(result))
        return
    revenue = display(result.revenue, ws.settings.shop.currency, whole=True)
    say(
        f"[bold]{result.customers:,}[/] customers, {result.buyers:,} buyers, {revenue} revenue, "
        f"in {result.seconds:.1f} s."
    )
    if result.gap_days:
        say(f"Customers usually order every {result.gap_days} days.")
    for title, head, counts in (
        ("Lifecycle", "Stage", result.lifecycle),
        ("RFM", "Group", result.rfm_groups),
    ):
        whole = sum(counts.values()) or 1
        rows = [(name, f"{n:,}", f"{100 * n / whole:.1f} %") for name, n in counts.items()]
        table(title, (head, "Customers", "Share"), rows, right=(1, 2))
