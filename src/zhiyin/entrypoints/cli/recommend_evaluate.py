"""``zhiyin recommend evaluate``: recommenders compared, on a workspace or on plain files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

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
    from zhiyin.loop.recommend.evaluate.compare import Evaluation

SPLITS = ("given", "time", "last", "users")
FORMATS = ("columns", "lists", "sequences", "sessions")
OVERLAPS = ("drop", "keep", "refuse")
_SHOWN = (("hit_rate", ".4f"), ("coverage", ".1%"), ("diversity", ".3f"))


def register(app: typer.Typer) -> None:
    """Add the command to ``zhiyin recommend``."""
    app.command()(evaluate)


def evaluate(
    names: Annotated[
        list[str] | None, typer.Argument(help="Recommenders by name; the built-in ones if none is named.")
    ] = None,
    train: Annotated[
        Path | None, typer.Option(help="A file to learn from; without it, the workspace is evaluated.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="A file of what to foresee (--split given).")] = None,
    validation: Annotated[
        Path | None, typer.Option(help="A file to choose parameters on; it may be a part of the training.")
    ] = None,
    k: Annotated[
        str, typer.Option("--k", "-k", help="Length of the list that is judged; several parted by commas.")
    ] = "20",
    models: Annotated[str | None, typer.Option(help="Recommenders by name, parted by commas.")] = None,
    split: Annotated[
        str | None, typer.Option(help=f"How one file is split: {', '.join(SPLITS)}; given with --test.")
    ] = None,
    share: Annotated[
        float, typer.Option(help="Share of the rows (time) or users (users) split off.", min=0.01, max=0.9)
    ] = 0.2,
    form: Annotated[
        str, typer.Option("--format", help=f"Format of the files: {', '.join(FORMATS)}.")
    ] = "columns",
    overlap: Annotated[
        str, typer.Option(help=f"Pairs in both training and test: {', '.join(OVERLAPS)}.")
    ] = "drop",
    threshold: Annotated[
        float | None, typer.Option(help="Ratings from here on count as taken; all above 0 if left out.")
    ] = None,
    trials: Annotated[
        int, typer.Option(help="Settings of its parameters that each model tries on validation data.", min=1)
    ] = 1,
    canary: Annotated[
        bool, typer.Option("--canary", help="Also swap the answers: nobody may foresee those.")
    ] = False,
    days: Annotated[
        float | None, typer.Option(help="Days at the end to foresee (workspace).", min=0.01)
    ] = None,
    repeats: Annotated[
        bool, typer.Option("--repeats", help="Let items come back that the customer already had.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Compare recommenders with popularity on what came later, or on files as published tables do.

    Without --train: on the last days of the workspace, trained on what came before them. With it: on CSV or
    Parquet files with user,item[,rating][,timestamp], outside any workspace.
    """
    wanted = [*(names or ()), *(name.strip() for name in (models or "").split(",") if name.strip())] or None
    ks = _lengths(k)
    for option, value, known in (
        ("--split", split, SPLITS),
        ("--format", form, FORMATS),
        ("--overlap", overlap, OVERLAPS),
    ):
        if value is not None and value not in known:
            raise typer.BadParameter(f"{value} is none of {', '.join(known)}.", param_hint=option)
    if train is None:
        if test is not None or validation is not None or split is not None:
            raise typer.BadParameter("Name the file to learn from too.", param_hint="--train")
        ws = open_workspace(workspace)
        from zhiyin.services import evaluation

        with progress("Evaluating", quiet=as_json) as step:
            found = evaluation.evaluate(
                ws, wanted, ks, days=days, repeats=repeats, canary=canary, seed=seed, on_progress=step
            )
    else:
        from zhiyin.services import evaluate_files
        from zhiyin.services.file_questions import Plan

        plan = Plan(
            ks=ks, form=form, split=cast(Any, split or ("given" if test else "time")), share=share, repeats=repeats,
            overlap=cast(Any, overlap), threshold=threshold, trials=trials, canary=canary, seed=seed,
        )  # fmt: skip
        with progress("Evaluating", quiet=as_json) as step:
            found = evaluate_files.run(train, test, wanted, plan, validation=validation, on_progress=step)
    if as_json:
        print_json(found.to_dict())
        return
    show(found)


def show(found: Evaluation) -> None:
    """The evaluation as tables, its protocol and what to know of it."""
    k = found.k
    ranked = {name: one for name, one in found.models.items() if f"ndcg@{k}" in one.figures}
    over = {name: found.over_baseline(name, f"ndcg@{k}") for name in ranked}
    table(
        f"{found.protocol.questions:,} questions, with 95 % intervals",
        ("Model", f"Recall@{k}", f"NDCG@{k}", "over popularity", "p"),
        [
            (name, _interval(one.figures[f"recall@{k}"]), _interval(one.figures[f"ndcg@{k}"]),
             _interval(lead.difference, "+") if (lead := over[name]) else "",
             f"{lead.p_adjusted:.4f}" if lead else "")
            for name, one in ranked.items()
        ],
        right=(1, 2, 3, 4),
        whole=(0, 1, 2, 3, 4),
    )  # fmt: skip
    table(
        "What else they show; CPU-seconds to fit and to rank",
        ("Model", "Hits", "Coverage", "Diversity", "Fit", "Rank", "MB"),
        [
            (name, *(_value(one.figures.get(f"{metric}@{k}"), form) for metric, form in _SHOWN),
             _number(one.cost.fit_cpu_s, ".2f"), _number(one.cost.score_cpu_s, ".2f"),
             _number(one.cost.peak_mb, ".0f"))
            for name, one in ranked.items()
        ],
        right=(1, 2, 3, 4, 5, 6),
        whole=(0,),
    )  # fmt: skip
    rated = {name: one.figures for name, one in found.models.items() if "rmse" in one.figures}
    if rated:
        table(
            "Foretold ratings",
            ("Model", "RMSE", "MAE"),
            [(name, _interval(of["rmse"]), _interval(of["mae"])) for name, of in rated.items()],
            right=(1, 2),
        )
    say(f"Protocol: {found.protocol.told}; p by sign flips with Holm's correction; seed {found.seed}.")
    for warning in found.warnings:
        say(f"[yellow]Note:[/] {warning['text']}")
    for one in found.skipped:
        say(f"[yellow]Left out:[/] {one['model']}: {one['reason']}")


def _lengths(text: str) -> tuple[int, ...]:
    try:
        found = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        found = ()
    if not found or found[0] < 1:
        raise typer.BadParameter(f"{text} is no length of a list, such as 20 or 5,10.", param_hint="--k")
    return found


def _interval(estimate: Estimate | None, sign: str = "") -> str:
    """The value over its interval, which takes less room than beside it."""
    if estimate is None or estimate.value is None:
        return ""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:{sign}.4f}"
    return f"{estimate.value:{sign}.4f}\n{estimate.low:.4f}, {estimate.high:.4f}"


def _value(estimate: Estimate | None, form: str) -> str:
    return _number(None if estimate is None else estimate.value, form)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
