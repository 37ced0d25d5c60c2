"""``zhiyin train``: find the best recommender for each placement, and let it answer there."""

from __future__ import annotations

import re
from datetime import timedelta
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
    from zhiyin.adapters.records.models import TrainingRun

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def register(app: typer.Typer) -> None:
    """Add the command to ``zhiyin``."""
    app.command()(train)


def train(
    budget: Annotated[str, typer.Option(help="Time to spend, such as 90s, 10m or 2h.")] = "5m",
    placement: Annotated[
        list[str] | None, typer.Option(help="Where to choose anew; every placement if left out.")
    ] = None,
    models: Annotated[
        str, typer.Option(help="Recommenders that take part, parted by commas; all if left out.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Publish the chosen model even if it is worse than popularity.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write the whole comparison to an HTML file.")] = None,
    language: Annotated[str, typer.Option(help="Language of that file: en or zh-hans.")] = "en",
    seed: Annotated[int, typer.Option(help="Seed of what is drawn at random.")] = 0,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Try recommenders on past weeks, and let the best one answer at each placement.

    Parameters and winners are chosen on one stretch of time and tested on the one after it; then the winners
    learn from everything and are published at once.
    """
    spend = _time(budget)
    ws = open_workspace(workspace)
    from zhiyin.services import training

    names = [name.strip() for name in models.split(",") if name.strip()]
    with progress("Training", quiet=as_json) as step:
        run = training.train(
            ws, names, budget=spend, placed=placement, force=force, seed=seed, on_progress=step
        )
    if report is not None:
        from zhiyin.entrypoints.console import training_report

        training_report.write(ws, run, report, language)
    if as_json:
        fields = (
            "started_at",
            "finished_at",
            "budget",
            "seconds",
            "cpu_seconds",
            "state",
            "protocol",
            "warnings",
        )
        print_json({field: getattr(run, field) for field in fields} | {"report": run.report})
        return
    _show(run)
    if report is not None:
        say(f"The whole comparison stands in {report}.")


def _show(run: TrainingRun) -> None:
    placements = run.report["placements"]
    table(
        f"Trained in {run.seconds:,.0f} s",
        ("Placement", "Answers", "Why", "NDCG@10", "Over popularity", "Asked"),
        [
            (
                key,
                f"{told['published']}/{told['version']}",
                WHY[told["code"]].format(**told) if told["published"] == told.get("chosen", told["published"])
                else "the chosen one is worse than popularity",
                f"{told['test']['models'][told['published']]['ndcg@10']['value']:.3f}" if "test" in told else "",
                _interval(told.get("over_popularity"), "+"),
                f"{told['questions']['test']:,}",
            )
            for key, told in placements.items()
        ],
        right=(3, 4, 5),
    )  # fmt: skip
    for told in placements.values():
        if "test" in told:
            say(f"Chosen on validation, figures of the test, asked once: {told['test']['protocol']['told']}.")
            break
    for warning in run.warnings:
        say(f"[yellow]Note, {warning['placement']}:[/] {WARNINGS[warning['code']]}")
    for one in run.report["skipped"]:
        say(f"[dim]Left out:[/] {one['model']}: {one['reason']}")


WHY = {
    "only": "nobody else took part",
    "best": "best on validation",
    "tie_in_use": "as good as {best}, and in use",
    "tie_cheaper": "as good as {best}, and cheaper",
    "too_few": "too few questions to compare",
}
WARNINGS = {
    "no_better_than_popularity": "no model is surely better than showing everybody what is popular.",
    "too_few": "too few purchases to compare models; what is popular is shown until there are more.",
}


def _interval(found: Any, sign: str = "") -> str:
    if not found or found["value"] is None:
        return ""
    if found["low"] is None:
        return f"{found['value']:{sign}.3f}"
    return f"{found['value']:{sign}.3f} ({found['low']:{sign}.3f} to {found['high']:{sign}.3f})"


def _time(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh])", text.strip())
    if not found:
        raise typer.BadParameter("Write a time such as 90s, 10m or 2h.", param_hint="--budget")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})
