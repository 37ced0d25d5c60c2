"""Importing in the browser: drop files, look at what was understood, correct it, import."""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext

from zhiyin.adapters.sources import open_source
from zhiyin.domain.errors import BadFile, NotFound, ZhiyinError
from zhiyin.domain.text import say
from zhiyin.entrypoints.console import jobs, words
from zhiyin.entrypoints.site import current
from zhiyin.loop.collect.header_words import FIELDS
from zhiyin.services import import_preview, import_reading, imports, profiles
from zhiyin.services import jobs as started
from zhiyin.services.workspace import Workspace

ROWS = 5
SAMPLE, PATIENCE = 20_000, 3.0  # rows and seconds after which a preview has seen enough
_IGNORE = "-"
_ABANDONED = 86_400  # seconds after which an upload that nobody imported is removed
_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".jsonl", ".ndjson", ".json", ".parquet", ".gz", ".zip")


def upload(request: HttpRequest) -> HttpResponse:
    """What the files hold, and the files."""
    ws = current()
    kind = request.POST.get("kind") or request.GET.get("kind", "customers")
    if request.method == "POST":
        files = request.FILES.getlist("files")
        if not files:
            messages.error(request, gettext("No file was chosen."))
        elif kind in import_reading.KINDS:
            _tidy(ws)
            key = secrets.token_urlsafe(12)
            folder = _folder(ws, key)
            folder.mkdir(parents=True)
            for file in files:
                with open(_unused(folder, Path(file.name).name), "wb") as kept:
                    for chunk in file.chunks():
                        kept.write(chunk)
            return redirect(f"{reverse('import_preview', args=[key])}?kind={kind}")
    kinds = [(code, words.KINDS[code], words.KIND_HELP[code]) for code in import_reading.KINDS]
    return render(
        request,
        "console/import.html",
        {"kinds": kinds, "kind": kind, "suffixes": ",".join(_SUFFIXES), "section": "data"},
    )


def preview(request: HttpRequest, key: str) -> HttpResponse:
    """How the columns are understood, the first rows, and how many rows would be rejected; POST imports."""
    ws = current()
    given = request.POST if request.method == "POST" else request.GET
    kind = given.get("kind", "customers")
    paths = _files(ws, key)
    mapping = _mapping(given)
    if "look" in request.POST:  # by way of a POST, so that the CSRF token never stands in an address
        shown_again = {name: given[name] for name in given if name == "kind" or name.startswith("map.")}
        return redirect(f"{request.path}?{urlencode(shown_again)}")
    if request.method == "POST":
        return _start(request, ws, key, kind, paths, mapping, given.get("consent", ""))
    shown: dict[str, Any] = {}
    try:
        found = import_preview.preview(
            ws, kind, paths, mapping or None, limit=ROWS, rows=SAMPLE, seconds=PATIENCE
        )
        shown = {
            "found": found,
            "columns": [(c.theirs, _chosen(c.how, c.ours, kind), c.sample) for c in found.columns],
        }
        names = [name for name in (found.rows[0] if found.rows else {}) if name in FIELDS[kind]]
        shown |= {"names": names, "rows": [[row.get(name) for name in names] for row in found.rows]}
    except BadFile as error:
        shown = {"error": error, "columns": _header(paths[0], mapping)}
    return render(
        request,
        "console/import_preview.html",
        {
            **shown,
            "kind": kind,
            "key": key,
            "files": [path.name for path in paths],
            "fields": [(name, words.FIELDS[name]) for name in FIELDS[kind]],
            "ignore": _IGNORE,
            "asks_consent": kind == "customers" and not any(c[1] == "consent" for c in shown["columns"]),
            "section": "data",
        },
    )


def _start(
    request: HttpRequest,
    ws: Workspace,
    key: str,
    kind: str,
    paths: list[Path],
    mapping: dict[str, str],
    consent: str,
) -> HttpResponse:
    stated = {"yes": True, "no": False}.get(consent)

    def work(tell: started.Progress) -> str:
        try:
            result = imports.run(ws, kind, paths, mapping or None, on_progress=tell, consent=stated)
        finally:
            shutil.rmtree(_folder(ws, key), ignore_errors=True)
        profiles.run(ws, on_progress=tell)
        return reverse("import_one", args=[result.import_id])

    try:
        started.start(ws, jobs.IMPORT, work)
    except ZhiyinError as error:
        messages.warning(request, words.tell(error.what))
    return redirect("imports")


def _mapping(given: QueryDict) -> dict[str, str]:
    """What the form says of each column; an empty choice keeps it as a trait or property of its own."""
    mapping = {}
    for name in given:
        if name.startswith("map."):
            theirs, ours = name.removeprefix("map."), given[name]
            mapping[theirs] = ours or theirs
    return mapping


def _chosen(how: str, ours: str, kind: str) -> str:
    if how == "ignored":
        return _IGNORE
    return ours if ours in FIELDS[kind] else ""


def _header(file: Path, mapping: dict[str, str]) -> list[tuple[str, str, str]]:
    """The columns of a file that could not be understood, to be named by hand; none if it cannot be read."""
    try:
        names = open_source(file).header()
    except ZhiyinError:
        return []
    return [(name, mapping.get(name, ""), "") for name in names]


def _folder(ws: Workspace, key: str) -> Path:
    return ws.folder / "uploads" / key


def _unused(folder: Path, name: str) -> Path:
    """Where an upload of that name goes: files of one name, from two folders, stand beside each other."""
    place, number = folder / name, 2
    while place.exists():
        stem, dot, suffixes = name.partition(".")
        place, number = folder / f"{stem} ({number}){dot}{suffixes}", number + 1
    return place


def _files(ws: Workspace, key: str) -> list[Path]:
    folder = _folder(ws, key)
    if not key.replace("-", "").replace("_", "").isalnum() or not folder.is_dir():
        raise NotFound(
            say("These files are gone."),
            why=say("They were imported, or left for a day."),
            fix=say("Upload them again."),
        )
    return sorted(folder.iterdir())


def _tidy(ws: Workspace) -> None:
    """Remove uploads that nobody imported."""
    for folder in (ws.folder / "uploads").glob("*"):
        if time.time() - folder.stat().st_mtime > _ABANDONED:
            shutil.rmtree(folder, ignore_errors=True)


urlpatterns = [
    path("data/import", upload, name="import"),
    path("data/import/<str:key>", preview, name="import_preview"),
]
