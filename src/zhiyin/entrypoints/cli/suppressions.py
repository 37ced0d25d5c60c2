"""``zhiyin suppressions``: the addresses that must not be written to."""

from __future__ import annotations

import csv
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

app = typer.Typer(no_args_is_help=True, help="Addresses that must not be written to, and why.")

Address = Annotated[str, typer.Argument(help="An e-mail address.")]
ReasonOption = Annotated[
    str,
    typer.Option(
        "--reason",
        help="unsubscribed, hard_bounce, soft_bounces, complaint or manual; all if left out.",
    ),
]
HEADER = ("address", "reason", "at")


@app.command("list")
def list_(
    q: Annotated[str, typer.Option("--search", "-s", help="A part of the address.")] = "",
    reason: ReasonOption = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many.")] = 50,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List the latest, and how many there are by reason."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import suppressions

    found, counts = suppressions.search(ws, q, reason, per_page=limit), suppressions.counts(ws)
    rows = [
        {"address": row.address, "reason": row.reason, "at": row.at.isoformat(timespec="seconds")}
        for row in found.rows
    ]
    if as_json:
        print_json({"total": found.total, "by_reason": counts, "rows": rows})
        return
    table("", ("Address", "Reason", "Since"), [tuple(row.values()) for row in rows])
    say(", ".join(f"{name} {count:,}" for name, count in counts.items()) or "The list is empty.")


@app.command("add")
def add(address: Address, workspace: WorkspaceOption = Path(".")) -> None:
    """Put an address on the list."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import suppressions

    say("It is on the list." if suppressions.add(ws, address) else "It was on the list before.")


@app.command("lift")
def lift(address: Address, workspace: WorkspaceOption = Path(".")) -> None:
    """Take an address off the list; not where its owner unsubscribed or complained."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import suppressions

    suppressions.lift(ws, address)
    say("It is off the list.")


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The CSV file to write.")],
    reason: ReasonOption = "",
    workspace: WorkspaceOption = Path("."),
) -> None:
    """Write the list as CSV, as `zhiyin import suppressions` takes it in; without those of erased people."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import suppressions

    count = 0
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        for address, why, at in suppressions.lines(ws, reason):
            writer.writerow((address, why, at.isoformat(timespec="seconds")))
            count += 1
    say(f"{count:,} addresses are in {file}.")
