"""Imports: what was read from files, what was rejected, and why."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from zhiyin.adapters.records.models import Import
from zhiyin.domain.errors import NotFound
from zhiyin.domain.text import say
from zhiyin.entrypoints.console import data_import, drawing, jobs, paging
from zhiyin.entrypoints.site import current
from zhiyin.services import imports

PER_PAGE = 50


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


def rejects(request: HttpRequest) -> HttpResponse:
    """Rejected rows with reason and line, by import and reason."""
    ws = current()
    import_id, reason = request.GET.get("import", ""), request.GET.get("reason", "")
    page = paging.number(request.GET.get("page", ""))
    total, rows = imports.rejects(ws, import_id or None, reason or None, PER_PAGE * (page - 1), PER_PAGE)
    runs = [run for run in imports.history(ws) if run.rejected]
    return render(
        request,
        "console/rejects.html",
        {
            "total": total,
            "rejected": total,
            "rows": [{**row, "file": Path(row["file"] or "").name} for row in rows],
            "page": page,
            "pages": paging.pages(total, PER_PAGE),
            "runs": [(run, ", ".join(Path(file).name for file in run.files)) for run in runs],
            "codes": [code for code, _count, _share in _reasons(runs)],
            "import_id": import_id,
            "chosen": reason,
            "section": "data",
        },
    )


def export(request: HttpRequest) -> HttpResponse:
    """The rejected rows as CSV; formulas are escaped."""
    import_id = request.GET.get("import", "")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rejects.csv"
        imports.export_rejects(current(), file, import_id or None)
        content = file.read_bytes()
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="rejected-rows{"-" + import_id[:12] if import_id.isalnum() else ""}.csv"'
    )
    return response


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
    path("data/rejects", rejects, name="rejects"),
    path("data/rejects.csv", export, name="rejects_export"),
    path("data/imports/<str:import_id>", one, name="import_one"),
]
