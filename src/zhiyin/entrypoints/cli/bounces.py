"""``zhiyin bounces``: what messages say that came back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    print_json_list,
    progress,
    say,
    table,
)

app = typer.Typer(no_args_is_help=True, help="What messages say that came back.")


@app.command()
def classify(
    path: Annotated[Path, typer.Argument(help="A message, an mbox, or a folder of them.")],
    as_json: JsonOption = False,
) -> None:
    """Tell hard and soft bounces, complaints and other mail apart, outside any workspace."""
    from zhiyin.services import bounces

    found = bounces.classify_files(path)
    if as_json:
        print_json_list(one.to_dict() for one in found)
        return
    counts: Counter[tuple[str, str]] = Counter()
    problems: list[str] = []
    with progress("Reading") as step:
        for done, one in enumerate(found, 1):
            worst = one.report.worst
            counts[worst.kind.value, worst.reason.value] += 1
            if one.problem:
                problems.append(f"{one.file}: {one.problem}")
            step(done)
    rows = [(kind, reason, f"{n:,}") for (kind, reason), n in sorted(counts.items())]
    table("", ("Kind", "Reason", "Messages"), rows, right=(2,))
    say(f"{counts.total():,} messages, {len(problems):,} that cannot be read.")
    for problem in problems:
        print(problem)


@app.command()
def read(
    path: Annotated[
        Path | None, typer.Argument(help="A message, an mbox, or a folder of them; the mailbox if left out.")
    ] = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Take in what came back: note it in the ledger, and write no more to addresses that are gone."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import mailbox

    with progress("Reading", quiet=as_json) as step:
        result = mailbox.read(ws, step) if path is None else mailbox.read_files(ws, path, step)
    if as_json:
        print_json(result.to_dict())
        return
    parts = " + ".join(f"{count:,} {_FATES[fate.value]}" for fate, count in sorted(result.fates.items()))
    say(f"{result.received:,} received" + (f" = {parts}." if parts else "."))
    if result.known:
        say(f"{result.known:,} more were known before.")


@app.command("list")
def list_(
    fate: Annotated[
        str, typer.Option("--fate", help="matched, unmatched, nothing or broken; all if left out.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many.")] = 50,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List what came back, the latest first, and how much there is in all."""
    ws = open_workspace(workspace)  # before anything touches the records
    from dataclasses import asdict

    from zhiyin.services import bounce_notes

    found, sums = bounce_notes.notes(ws, bounce_notes.fate_of(fate), limit), asdict(bounce_notes.sums(ws))
    if as_json:
        names = ("at", "source", "fate", "kind", "reason", "why", "status", "diagnostic", "address", "token")
        print_json({**sums, "rows": [{name: getattr(row, name) for name in names} for row in found]})
        return
    rows = [
        (
            f"{row.at:%Y-%m-%d %H:%M}",
            row.fate,
            row.kind,
            row.why or row.reason,
            row.address,
            row.diagnostic[:80],
        )
        for row in found
    ]
    table("", ("At (UTC)", "Fate", "Kind", "Reason", "Address", "Said"), rows, whole=(0,))
    say(
        f"{sums['received']:,} received = "
        + " + ".join(f"{sums[name]:,} {word}" for name, word in _FATES.items())
        + "."
    )


_FATES = {"matched": "matched", "unmatched": "unmatched", "nothing": "not a bounce", "broken": "broken"}
