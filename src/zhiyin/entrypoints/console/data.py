"""Imports: what was read from files, what was rejected, and why."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from zhiyin.adapters.records.models import Import
from zhiyin.domain.errors import NotFound
from zhiyin.domain.text import say
from zhiyin.entrypoints.console import data_import, drawing, jobs
from zhiyin.entrypoints.site import current
from zhiyin.services import imports


def page(request: HttpRequest) -> HttpResponse:
    """The balance of all imports, and the imports themselves."""
    ws = current()
    runs = imports.history(ws)
    done = [run for run in runs if run.status == "done"]
    sums = {
        name: sum(getattr(run, name) for run in done) for name in ("read", "new", "unchanged", "rejected")
    }
    events = ws.lake.count("events")
    return render(
        request,
        "console/data/imports.html",
        {
            "runs": [(run, [Path(file).name for file in run.files]) for run in runs],
            "sums": sums,
            "reasons": _reasons(done),
            "events": events,
            "items": ws.lake.count("items"),
            "job": jobs.shown(jobs.IMPORT),
            "zone": ws.settings.shop.timezone,
        },
    )


def one(request: HttpRequest, import_id: str) -> HttpResponse:
    """One import: what became of its rows."""
    run = Import.objects.filter(import_id=import_id).first()
    if run is None:
        raise NotFound(
            say("There is no import {import_id!r}.", import_id=import_id),
            fix=say("Look at the list of imports."),
        )
    files = [Path(file).name for file in run.files]
    return render(
        request,
        "console/data_one.html",
        {"run": run, "files": files, "reasons": _reasons([run]), "section": "data"},
    )


def _reasons(runs: list[Import]) -> list[tuple[str, int, float]]:
    """Each reason with its rows and its share of the most frequent one."""
    counts: Counter[str] = Counter()
    for run in runs:
        counts.update(run.reasons)
    listed: list[Any] = counts.most_common()
    shares = drawing.shares(count for _, count in listed)
    return [(code, count, share / 100) for (code, count), share in zip(listed, shares, strict=True)]


urlpatterns = [
    path("data/imports", page, name="imports"),
    *data_import.urlpatterns,
    path("data/imports/<str:import_id>", one, name="import_one"),
]
