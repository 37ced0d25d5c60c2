"""Training history: how a placement's model did at every training, and each training as a report."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext

from zhiyin.adapters.records.models import TrainingRun
from zhiyin.entrypoints.console import formats, jobs
from zhiyin.entrypoints.console.recommendation_compare import contest
from zhiyin.entrypoints.site import current


def history(request: HttpRequest) -> HttpResponse:
    """The figures of a placement's model on the test of each training."""
    from zhiyin.services import placements, training_runs

    ws = current()
    row = placements.get(ws, request.GET.get("placement") or "email")
    runs = [_line(run, told) for run, told in training_runs.history(ws, row.key)]
    tested = [line for line in reversed(runs) if line["ndcg"]]
    labels = [
        formats.day(line["run"].started_at, ws.timezone, request.LANGUAGE_CODE, year=False) for line in tested
    ]
    chart = {
        "labels": labels,
        "values": [round(line["ndcg"]["value"], 4) for line in tested],
        "low": [round(line["ndcg"]["low"], 4) for line in tested],
        "high": [round(line["ndcg"]["high"], 4) for line in tested],
        "name": "NDCG@10",
        "band": gettext("95% interval"),
        "digits": 3,
    }
    return render(
        request,
        "console/recommendations/history.html",
        {
            "row": row,
            "placements": placements.all_(ws),
            "runs": runs,
            "latest": next((line for line in runs if line["ndcg"]), None),
            "chart": chart if len(tested) > 1 else None,
            "before": row.previous[0] if row.previous else None,
            "job": jobs.shown(jobs.RECOMMENDERS),
        },
    )


def report(request: HttpRequest, number: int) -> HttpResponse:
    """One training: every placement with its contest, test and warnings."""
    from zhiyin.services import training_runs

    return render(
        request,
        "console/recommendations/run.html",
        {"run": (run := training_runs.get(current(), number)), "sections": sections(run)},
    )


def sections(run: TrainingRun) -> list[dict[str, Any]]:
    """The placements of a run with their contests."""
    return [
        {"key": key, "told": told, **contest(run, key)}
        for key, told in run.report.get("placements", {}).items()
    ]


def _line(run: TrainingRun, told: dict[str, Any]) -> dict[str, Any]:
    tested = told.get("test", {}).get("models", {}).get(told["published"])
    ndcg = tested[told["metric"]] if tested else None
    return {
        "run": run,
        "told": told,
        "ndcg": ndcg if ndcg and ndcg["low"] is not None else None,
        "over": told.get("over_popularity") if told.get("chosen") == told["published"] else None,
    }


urlpatterns = [
    path("recommendations/training", history, name="recommendations_training"),
    path("recommendations/training/<int:number>", report, name="recommendations_run"),
]
