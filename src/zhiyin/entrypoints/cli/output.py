"""What all commands share: the workspace option, ``--json``, tables, progress, and how errors are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.domain.errors import ZhiyinError

if TYPE_CHECKING:
    from zhiyin.services.workspace import Workspace

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace", "-w", envvar="ZHIYIN_WORKSPACE", help="Folder of the workspace.", show_default="."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


def open_workspace(folder: Path, **flags: Any) -> Workspace:
    """Open the workspace of ``--workspace``; flags are settings by dotted name with ``__`` for the dot."""
    from zhiyin.entrypoints.site import open_workspace as open_

    return open_(folder, {key.replace("__", "."): value for key, value in flags.items()})


def print_json(data: Any) -> None:
    """One JSON document on standard output; times in ISO 8601 with their offset."""
    print(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))


def print_json_list(items: Iterable[Any]) -> None:
    """One JSON list on standard output, written while its elements come."""
    mark = "["
    for item in items:
        print(mark, json.dumps(item, ensure_ascii=False, default=_plain), sep="\n", end="")
        mark = ","
    print("[]" if mark == "[" else "\n]")


def say(text: str = "") -> None:
    """One line for people, with Rich markup, on standard output."""
    from rich.console import Console

    Console(highlight=False).print(text)


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    right: Sequence[int] = (),
    whole: Sequence[int] = (),
) -> None:
    """A table for people; ``right`` lists the columns that hold numbers, ``whole`` those never cut. Cells
    are plain text, or Rich's ``Text``: what customers wrote must not be read as markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title or None, title_justify="left", title_style="bold", header_style="bold")
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="right" if index in right else "left", no_wrap=index in whole)
    for row in rows:
        drawn.add_row(
            *(cell if isinstance(cell, Text) else Text("" if cell is None else str(cell)) for cell in row)
        )
    Console(highlight=False).print(drawn)


@contextmanager
def progress(label: str, *, quiet: bool = False) -> Iterator[Any]:
    """A progress bar on standard error. Yields ``step(done, total, label=None)``; ``total`` may be None."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total=None, label=None: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task(label, total=None)

        def step(done: int, total: int | None = None, label: str | None = None) -> None:
            if label:
                bar.update(task, description=label)
            bar.update(task, completed=done, total=total)

        yield step


def fail(error: ZhiyinError) -> None:
    """Tell an error in its three parts, on standard error."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    console.print(error.what, style="bold red", soft_wrap=True, markup=False)
    for part in (error.why, error.fix):
        if part:
            console.print(part, soft_wrap=True, markup=False)
    console.print(f"[dim]Error code: {error.code}[/]")


def _plain(value: object) -> str:
    if isinstance(value, datetime):  # without a zone it comes from the lake, which is in UTC
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
