"""``zhiyin bounces``: what messages say that came back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import JsonOption, print_json_list, progress, say, table

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
