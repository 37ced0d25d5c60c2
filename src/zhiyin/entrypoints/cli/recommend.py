"""``zhiyin recommend``: evaluate and ask recommenders, say where they answer, go back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from zhiyin.domain.placement import EMAIL
from zhiyin.entrypoints.cli import recommend_evaluate, recommend_placements, recommend_rules
from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    say,
    table,
)

app = typer.Typer(no_args_is_help=True, help="Evaluate and ask recommenders, say where they answer, go back.")
recommend_evaluate.register(app)
recommend_rules.register(app)
recommend_placements.register(app)

_LEFT_OUT = {
    "unavailable": "which is not available",
    "excluded": "whose category is left out here",
    "bought": "which this customer bought lately",
}
PlacementOption = Annotated[
    str, typer.Option(help="Where the items are to stand: email, home, item or basket.")
]


@app.command("for")
def for_(
    customer: Annotated[str, typer.Argument(help="Id of the customer; an unknown one gets what is popular.")],
    n: Annotated[int, typer.Option("-n", help="How many items.", min=1)] = 5,
    placement: PlacementOption = EMAIL,
    item: Annotated[str, typer.Option(help="Id of the item that is being looked at.")] = "",
    basket: Annotated[str, typer.Option(help="Ids of the items in the basket, parted by commas.")] = "",
    model: Annotated[
        str | None, typer.Option(help="Another recommender than the one that answers at the placement.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of names and reasons.")] = "en",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Recommend items to a customer, each with its reason."""
    ws = open_workspace(workspace)
    from zhiyin.services import catalogue, pinned, recommendations, recommenders

    if model:
        recommenders.loaded(
            ws, recommenders.trained(ws, model)
        )  # a send would go on without it, people are told
    found = recommendations.recommend(
        ws,
        customer,
        n,
        model,
        placement=placement,
        item=item,
        basket=[part.strip() for part in basket.split(",") if part.strip()],
    )
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
    for item_id, why in pinned.left_out(ws, customer, placement):
        say(f"Pinned, but left out: {escape(item_id)}, {_LEFT_OUT[why]}.")
    if not rows:
        trained = any(row.active for row in recommenders.models(ws))
        say(
            "Nothing to recommend: no item is available, or the rules of the placement leave all of them out."
            if trained
            else "Nothing to recommend. Train first: `zhiyin train`."
        )
        return
    table(
        f"For {customer}",
        ("Item", "Name", "Reason", "Score"),
        [(row["item_id"], row["name"], row["text"], f"{row['score']:.4f}") for row in rows],
        right=(3,),
    )


@app.command()
def models(
    card: Annotated[
        str, typer.Option(help="Show the card of one version, such as ease/3, or of the latest: ease.")
    ] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List the trained models and where they answer, or show what one of them is."""
    ws = open_workspace(workspace)
    from zhiyin.services import placements, recommenders

    if card:
        told = recommenders.card_of(ws, card)
        if as_json:
            print_json(told)
            return
        table(
            "",
            ("", card),
            [(key.replace("_", " "), _told(value)) for key, value in told.items() if key != "arrays"],
        )
        return
    rows = recommenders.models(ws)
    where: dict[int, list[str]] = {}
    for placement in placements.all_(ws):
        if placement.model is not None:
            where.setdefault(placement.model.pk, []).append(placement.key)
    if as_json:
        fields = ("name", "version", "active", "trained_at", "trained_until", "seconds", "users", "items",
                  "interactions", "path", "parameters", "evaluation")  # fmt: skip
        print_json(
            [
                {field: getattr(row, field) for field in fields} | {"placements": where.get(row.pk, [])}
                for row in rows
            ]
        )
        return
    if not rows:
        say("No model is trained yet. Run `zhiyin train`.")
        return
    table(
        "",
        ("Model", "Version", "Answers at", "Trained", "Customers", "Items", "Interactions"),
        [
            (r.name, r.version, ", ".join(where.get(r.pk, [])), f"{r.trained_at:%Y-%m-%d %H:%M}",
             f"{r.users:,}", f"{r.items:,}", f"{r.interactions:,}")
            for r in rows
        ],
        right=(1, 4, 5, 6),
    )  # fmt: skip


def _told(value: Any) -> str:
    return ", ".join(f"{key} {of}" for key, of in value.items()) if isinstance(value, dict) else str(value)
