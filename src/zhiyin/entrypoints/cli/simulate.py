"""``zhiyin simulate``: the files of a shop whose customers' response to messages is known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import JsonOption, print_json, progress, say, table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)


def simulate(
    folder: Annotated[Path, typer.Argument(help="Folder for the files.")],
    customers: Annotated[int, typer.Option(min=1, max=5_000_000, help="Number of customers.")] = 5_000,
    months: Annotated[int, typer.Option(min=1, max=36, help="Length of the history.")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same market.")] = 7,
    until: Annotated[
        str | None, typer.Option(help="Day on which the history ends; today if left out.")
    ] = None,
    items: Annotated[int, typer.Option(min=1, max=315, help="Number of items.")] = 300,
    language: Annotated[str, typer.Option(help="Of the category names: en or zh-hans.")] = "en",
    format: Annotated[str, typer.Option(help="csv, csv.gz, jsonl, jsonl.gz or parquet.")] = "csv",
    as_json: JsonOption = False,
) -> None:
    """Write the files of a simulated tea shop, and the truth about how its customers answer messages."""
    from zhiyin.simulate import files
    from zhiyin.simulate.market import Market

    market = Market(customers, _end(until), seed=seed, months=months, items=items, language=language)
    with progress("Customers", quiet=as_json) as step:
        told = files.write(market, folder, format, on_progress=step)
    if as_json:
        print_json({"folder": str(folder), **told})
        return
    table(
        f"A market of {customers:,} customers, {market.start:%Y-%m-%d} to {market.until:%Y-%m-%d}",
        ("File", "Rows", "Kind"),
        [(", ".join(told["files"][kind]), f"{rows:,}", kind) for kind, rows in told["rows"].items()],
        right=(1,),
    )
    say(
        f"A message raises the chance to order within a week by {100 * told['truth']['effect']:.2f} points "
        f"on average, from {100 * told['truth']['baseline']:.2f} %."
    )
    say(f"Next: `zhiyin import customers {folder}/{told['files']['customers'][0]}` in a workspace.")


def _end(until: str | None) -> datetime:
    from zhiyin.adapters import clock

    if until is None:
        return clock.system().replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return datetime.fromisoformat(until).replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter("must be a day such as 2026-03-01", param_hint="--until") from None
