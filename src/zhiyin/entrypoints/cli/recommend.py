"""``zhiyin recommend``: evaluate and ask recommenders, say where they answer, go back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from zhiyin.domain.placement import EMAIL
from zhiyin.entrypoints.cli import recommend_evaluate, recommend_rules
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


@app.command("placements")
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
    given = {
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


@app.command()
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


def _told(value: Any) -> str:
    return ", ".join(f"{key} {of}" for key, of in value.items()) if isinstance(value, dict) else str(value)
