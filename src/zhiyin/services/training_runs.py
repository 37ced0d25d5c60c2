"""Training runs as they were: the last one, that of a placement, and all of a placement over time."""

from __future__ import annotations

from typing import Any

from zhiyin.adapters.records.models import TrainingRun
from zhiyin.domain.errors import NotFound
from zhiyin.domain.text import say
from zhiyin.services.workspace import Workspace

SHOWN = 30  # runs of a history


def last(ws: Workspace) -> TrainingRun | None:
    """The last run that came to its end."""
    return TrainingRun.objects.filter(state="done").first()


def get(ws: Workspace, number: int) -> TrainingRun:
    """The run of a number. Raises ``NotFound``."""
    run = TrainingRun.objects.filter(pk=number).first()
    if run is None:
        raise NotFound(
            say("There is no training run {number}.", number=number),
            why=say("The last ones are kept."),
            fix=say("Look at the list."),
        )
    return run


def of(ws: Workspace, placement: str) -> TrainingRun | None:
    """The last run that chose for a placement."""
    return next((run for run in _done() if placement in run.report.get("placements", {})), None)


def history(ws: Workspace, placement: str) -> list[tuple[TrainingRun, dict[str, Any]]]:
    """The last runs that chose for a placement with what they found there, the latest first."""
    return [
        (run, run.report["placements"][placement])
        for run in _done()
        if placement in run.report.get("placements", {})
    ]


def _done() -> list[TrainingRun]:
    return list(TrainingRun.objects.filter(state="done")[:SHOWN])
