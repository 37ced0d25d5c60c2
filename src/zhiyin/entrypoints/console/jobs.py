"""Long work of a page, with its progress shown by polling."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy as _

from zhiyin.domain.errors import NotFound
from zhiyin.domain.text import say
from zhiyin.entrypoints.site import current
from zhiyin.services import jobs

IMPORT, RECOMMENDERS, REPLAY = "import", "recommenders", "replay"
TITLES = {
    IMPORT: _("Importing files and profiling customers"),
    RECOMMENDERS: _("Training and evaluating models"),
    REPLAY: _("Repairing rejects and taking them in again"),
}


def shown(kind: str) -> dict[str, Any] | None:
    """What ``_job.html`` needs of the job of a kind that runs now, in whatever process."""
    job = jobs.running(current(), kind)
    return _form(job) if job else None


def progress(request: HttpRequest, key: str) -> HttpResponse:
    """How far a job is; when it is done, htmx goes to its result."""
    job = jobs.get(current(), key)
    if job is None:
        raise NotFound(
            say("This work is not known."), why=say("It was over long ago."), fix=say("Look at its list.")
        )
    response = render(request, "console/_job.html", {"job": _form(job)})
    if job.state == "done" and request.headers.get("HX-Request"):
        response["HX-Redirect"] = job.url
    return response


def _form(job: Any) -> dict[str, Any]:
    return {
        "key": job.key,
        "title": TITLES.get(job.kind, job.kind),
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "share": job.share,
        "url": job.url,
        "error": jobs.failure(job),
    }


urlpatterns = [path("jobs/<str:key>", progress, name="job")]
