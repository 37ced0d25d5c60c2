"""``zhiyin events``: count events, and follow what comes in."""

from __future__ import annotations

from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated

import typer

from zhiyin.entrypoints.cli import rejects
from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, table

if TYPE_CHECKING:
    from zhiyin.services.live import Outcome

app = typer.Typer(
    no_args_is_help=True, help="Count events, follow what comes in, and repair what was refused."
)
rejects.register(app)

PAUSE = 1.0  # seconds between two looks at the stream


@app.command("count")
def count(
    by: Annotated[str, typer.Option("--by", help="name, source or day.")] = "name",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Count the events in the lake by name, source or day; days are those of the shop."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import ingest

    counts = ingest.counts(ws, by)
    if as_json:
        print_json(counts)
        return
    table("", (by.capitalize(), "Count"), [(name, f"{n:,}") for name, n in counts.items()], right=(1,))


@app.command("tail")
def tail(
    source: Annotated[str, typer.Option("--source", help="Only what this source sends.")] = "",
    name: Annotated[str, typer.Option("--name", help="Only events whose name holds this.")] = "",
    customer: Annotated[str, typer.Option("--customer", help="Only this customer or visitor.")] = "",
    only_rejects: Annotated[bool, typer.Option("--rejects", help="Only what was refused.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, max=500, help="How many to begin with.")] = 20,
    once: Annotated[bool, typer.Option("--once", help="Show these and end.")] = False,
    workspace: WorkspaceOption = Path("."),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document a line.")] = False,
) -> None:
    """Follow events and rejects as they are taken in, oldest first; Ctrl+C ends. Times are UTC."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import live

    seen: set[tuple[str, str]] = set()
    begun = False
    try:
        while True:
            latest = live.latest(ws)
            fresh = [one for one in latest if (one.id, one.reason) not in seen]
            seen = {(one.id, one.reason) for one in latest}
            shown = live.chosen(fresh, source=source, name=name, person=customer, rejects=only_rejects)
            for one in reversed(shown if begun else shown[:limit]):
                print(_json(one) if as_json else _line(one), flush=True)
            begun = True
            if once:
                return
            sleep(PAUSE)
    except KeyboardInterrupt:
        return


def _line(one: Outcome) -> str:
    who = one.customer_id or (f"visitor {one.anonymous_id}" if one.anonymous_id else "")
    amount = "" if one.amount is None else f"{one.amount} {one.currency}".strip()
    parts = [f"{one.at:%H:%M:%S}", one.source, one.name or "-", who, one.item, amount]
    if one.reason:
        parts += [f"rejected: {one.reason}", str(one.detail)]
    return "  ".join(part.replace("\n", " ") for part in parts if part)


def _json(one: Outcome) -> str:
    import msgspec

    return msgspec.json.encode(msgspec.structs.replace(one, detail=str(one.detail))).decode()
