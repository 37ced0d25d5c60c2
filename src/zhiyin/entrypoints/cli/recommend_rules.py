"""``zhiyin recommend rules``: what is bought together with what."""

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


def register(app: typer.Typer) -> None:
    """Add the command to ``zhiyin recommend``."""
    app.command()(rules)


def rules(
    item: Annotated[str, typer.Option(help="Id of an item: only what goes with that.")] = "",
    limit: Annotated[int, typer.Option(help="How many rules.", min=1)] = 20,
    language: Annotated[str, typer.Option(help="Language of the names of items.")] = "en",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show what is bought together: who buys this, buys that too, with support, confidence, lift and counts.

    The strongest first, as the recommender `baskets` weighs them; pairs in a single order say nothing.
    """
    ws = open_workspace(workspace)
    from zhiyin.services import catalogue, goes_with

    found = goes_with.rules(ws, item, limit)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        say(
            f"Nothing was bought together with {item} in two orders or more."
            if item
            else "No two items were bought together in two orders or more. Import orders with an order_id: "
            "zhiyin import orders FILE."
        )
        return
    known = catalogue.items(ws, [name for one in found for name in (one.antecedent, one.consequent)])

    def named(item_id: str) -> str:
        return f"{known[item_id].name_in(language)} ({item_id})" if item_id in known else item_id

    table(
        f"What goes with what, of {found[0].orders:,} orders",
        ("Who buys", "buys too", "Support", "Confidence", "Lift", "Orders"),
        [
            (named(one.antecedent), named(one.consequent), f"{one.support:.2%}", f"{one.confidence:.1%}",
             f"{one.lift:.2f}", f"{one.count:,} of {one.antecedent_count:,}")
            for one in found
        ],
        right=(2, 3, 4, 5),
    )  # fmt: skip
