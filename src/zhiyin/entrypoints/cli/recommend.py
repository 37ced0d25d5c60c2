"""``zhiyin recommend``: train, evaluate and ask recommenders."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    progress,
    say,
    table,
)

if TYPE_CHECKING:
    from zhiyin.domain.estimate import Estimate

app = typer.Typer(no_args_is_help=True, help="Train, evaluate and ask recommenders.")

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


@app.command()
def evaluate(
    names: NamesArgument = None,
    k: Annotated[int, typer.Option("-k", help="Length of the list that is judged.", min=1)] = 20,
    days: Annotated[float | None, typer.Option(help="Days at the end to foresee.", min=0.01)] = None,
    repeats: Annotated[
        bool, typer.Option("--repeats", help="Let items come back that the customer already bought.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Compare recommenders with popularity on the last days, trained on what came before them."""
    ws = open_workspace(workspace)
    from zhiyin.services import evaluation

    with progress("Evaluating", quiet=as_json) as step:
        found = evaluation.evaluate(
            ws, names or None, k, days=days, repeats=repeats, seed=seed, on_progress=step
        )
    if as_json:
        print_json(found.to_dict())
        return
    table(
        f"{found.customers:,} customers, 95 % intervals",
        ("Model", f"Recall@{k}", f"NDCG@{k}", "Coverage", f"NDCG@{k} over popularity", "Fit, s"),
        [
            (s.name, _interval(s.recall), _interval(s.ndcg), f"{s.coverage:.1%}",
             _interval(s.better_ndcg, "+"), f"{s.fit_seconds:.2f}")
            for s in found.models
        ],
        right=(1, 2, 3, 4, 5),
    )  # fmt: skip
    say(f"Protocol: {found.protocol}.")


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


def _interval(estimate: Estimate | None, sign: str = "") -> str:
    if estimate is None or estimate.value is None:
        return ""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:{sign}.4f}"
    return f"{estimate.value:{sign}.4f} ({estimate.low:{sign}.4f} to {estimate.high:{sign}.4f})"
