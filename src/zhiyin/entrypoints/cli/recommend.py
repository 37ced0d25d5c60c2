"""``zhiyin recommend``: train, evaluate and ask recommenders."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from zhiyin.entrypoints.cli import recommend_evaluate
from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    progress,
    say,
    table,
)

app = typer.Typer(no_args_is_help=True, help="Train, evaluate and ask recommenders.")
recommend_evaluate.register(app)

NamesArgument = Annotated[
    list[str] | None, typer.Argument(help="Recommenders by name; the built-in ones if none is named.")
]


@app.command()
def train(
    names: NamesArgument = None, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False
) -> None:
    """Train recommenders on everything in the lake and make them the active ones."""
    ws = open_workspace(workspace)
    from zhiyin.services import training

    with progress("Training", quiet=as_json) as step:
        results = training.train(ws, names or None, on_progress=step)
    if as_json:
        print_json([asdict(result) for result in results])
        return
    table(
        "Trained",
        ("Model", "Version", "Customers", "Items", "Interactions", "Until", "Seconds"),
        [
            (r.name, r.version, f"{r.customers:,}", f"{r.items:,}", f"{r.interactions:,}",
             r.trained_until and f"{r.trained_until:%Y-%m-%d}", f"{r.seconds:.2f}")
            for r in results
        ],
        right=(1, 2, 3, 4, 6),
    )  # fmt: skip


@app.command("for")
def for_(
    customer: Annotated[str, typer.Argument(help="Id of the customer; an unknown one gets what is popular.")],
    n: Annotated[int, typer.Option("-n", help="How many items.", min=1)] = 5,
    model: Annotated[str | None, typer.Option(help="Recommender; the best trained one if not named.")] = None,
    language: Annotated[str, typer.Option(help="Language of names and reasons.")] = "en",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Recommend items to a customer, each with its reason."""
    ws = open_workspace(workspace)
    from zhiyin.services import catalogue, recommendations

    found = recommendations.recommend(ws, customer, n, model)
    wanted = [item_id for r in found for item_id in (r.item_id, *r.because)]
    known = catalogue.items(ws, wanted)
    rows: list[dict[str, Any]] = [
        {
            "item_id": r.item_id,
            "name": known[r.item_id].name_in(language) if r.item_id in known else r.item_id,
            "score": r.score,
            "reason": r.reason,
            "because": list(r.because),
            "text": recommendations.reason_text(r, known, language),
        }
        for r in found
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("Nothing to recommend. Train first: `zhiyin recommend train`.")
        return
    table(
        f"For {customer}",
        ("Item", "Name", "Reason", "Score"),
        [(row["item_id"], row["name"], row["text"], f"{row['score']:.4f}") for row in rows],
        right=(3,),
    )


@app.command()
def models(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List the trained models; in JSON with the card of each."""
    ws = open_workspace(workspace)
    from zhiyin.services import recommenders

    rows = recommenders.models(ws)
    if as_json:
        fields = ("name", "version", "active", "trained_at", "trained_until", "seconds", "users", "items",
                  "interactions", "path", "evaluation")  # fmt: skip
        print_json(
            [
                {field: getattr(row, field) for field in fields} | {"card": recommenders.card(ws, row)}
                for row in rows
            ]
        )
        return
    if not rows:
        say("No model is trained yet. Run `zhiyin recommend train`.")
        return
    table(
        "",
        ("Model", "Version", "Active", "Trained", "Customers", "Items", "Interactions"),
        [
            (r.name, r.version, "yes" if r.active else "", f"{r.trained_at:%Y-%m-%d %H:%M}",
             f"{r.users:,}", f"{r.items:,}", f"{r.interactions:,}")
            for r in rows
        ],
        right=(1, 4, 5, 6),
    )  # fmt: skip
