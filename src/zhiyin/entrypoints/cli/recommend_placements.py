"""``zhiyin recommend placements`` and ``rollback``: where items are recommended, by which rules, and the way back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    say,
    table,
)


def register(app: typer.Typer) -> None:
    """Add the commands to ``zhiyin recommend``."""
    app.command("placements")(placements_)
    app.command()(rollback)


def placements_(
    placement: Annotated[str, typer.Argument(help="One to change the rules of.")] = "",
    exclude_bought_days: Annotated[
        int | None,
        typer.Option(help="Leave out what was bought in so many days; 0 leaves nothing out.", min=0),
    ] = None,
    most_per_category: Annotated[
        int | None, typer.Option(help="Items of one category in a list at most; 0 lifts the limit.", min=0)
    ] = None,
    pinned: Annotated[
        str | None, typer.Option(help='Ids of items that come first, parted by commas; "" lifts them.')
    ] = None,
    excluded_items: Annotated[
        str | None, typer.Option(help='Ids of items that never come, parted by commas; "" lifts them.')
    ] = None,
    excluded_categories: Annotated[
        str | None, typer.Option(help='Categories that never come, parted by commas; "" lifts them.')
    ] = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List where items are recommended, by which model and rules; with a placement, change its rules."""
    ws = open_workspace(workspace)
    from zhiyin.services import placements

    lists = {
        "pinned": pinned,
        "excluded_items": excluded_items,
        "excluded_categories": excluded_categories,
    }
    given: dict[str, int | list[str] | None] = {
        "exclude_bought_days": exclude_bought_days,
        "most_per_category": most_per_category,
        **{name: None if text is None else text.split(",") for name, text in lists.items()},
    }
    rules = {name: value for name, value in given.items() if value is not None}
    if rules and not placement:
        raise typer.BadParameter("Say whose rules to change, such as: recommend placements email.")
    if rules:
        placements.configure(ws, placement, **rules)
    rows = [placements.get(ws, placement)] if placement else placements.all_(ws)
    told = [
        {
            "placement": row.key,
            "question": row.question,
            "model": f"{row.model.name}/{row.model.version}" if row.model else None,
            "since": row.since,
            "repeats": row.repeats,
            "exclude_bought_days": row.exclude_bought_days,
            "most_per_category": row.most_per_category,
            **{name: getattr(row, name) for name in lists},
            "warning": row.warning,
        }
        for row in rows
    ]
    if as_json:
        print_json(told)
        return
    table(
        "",
        ("Placement", "Model", "Since", "Not bought in, days", "Per category", "Warning"),
        [
            (
                row["placement"],
                row["model"] or "",
                row["since"] and f"{row['since']:%Y-%m-%d}",
                row["exclude_bought_days"] or "",
                row["most_per_category"] or "",
                row["warning"].replace("_", " "),
            )
            for row in told
        ],
        right=(3, 4),
        whole=(1,),
    )
    for row in told:
        for name in lists:
            if row[name]:
                say(f"{row['placement']}, {name.replace('_', ' ')}: {escape(', '.join(row[name]))}")  # fmt: skip


def rollback(
    placement: Annotated[str | None, typer.Argument(help="Where; every placement if left out.")] = None,
    to: Annotated[
        str, typer.Option(help="A version, such as ease/3, or 3 of the model in use; else the one before.")
    ] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Go back to the model that answered before."""
    ws = open_workspace(workspace)
    from zhiyin.services import placements

    moved = placements.rollback(ws, placement, to=to)
    if as_json:
        print_json([asdict(one) for one in moved])
        return
    for one in moved:
        say(f"At {one.placement} [bold]{one.after}[/] answers again, instead of {one.before or 'nobody'}.")
