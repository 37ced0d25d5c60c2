"""Long work of a page, in a thread of this process, with its progress shown by polling."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from zhiyin.domain.errors import Conflict, NotFound, ZhiyinError
from zhiyin.domain.text import say

Progress = Callable[..., None]
_KEEP = 50  # finished jobs that can still be asked for
_jobs: dict[str, Job] = {}
_lock = threading.Lock()


@dataclass(slots=True)
class Job:
    """One piece of work: what it is, how far it is, and where its result stands."""

    kind: str
    title: Any
    key: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    done: int = 0
    total: int | None = None
    state: str = "running"  # running | done | failed
    error: ZhiyinError | None = None
    url: str = ""

    @property
    def share(self) -> float | None:
        """How much is done, None where that is not known."""
        return min(1.0, self.done / self.total) if self.total else None


def start(kind: str, title: Any, work: Callable[[Progress], str]) -> Job:
    """Run ``work`` in a thread; it is given a progress callback and returns the address of its result.

    One job of a kind runs at a time. Raises ``Conflict`` while another does.
    """
    job = Job(kind, title)
    with _lock:
        if any(other.kind == kind and other.state == "running" for other in _jobs.values()):
            raise Conflict(say("This is running already."), fix=say("Wait until it is done."), code="running")
        for old in [key for key, other in _jobs.items() if other.state != "running"][:-_KEEP]:
            del _jobs[old]
        _jobs[job.key] = job
    threading.Thread(target=_run, args=(job, work), name=f"job-{kind}", daemon=True).start()
    return job


def running(kind: str) -> Job | None:
    """The job of a kind that runs now."""
    return next((job for job in list(_jobs.values()) if job.kind == kind and job.state == "running"), None)


def progress(request: HttpRequest, key: str) -> HttpResponse:
    """How far a job is; when it is done, htmx goes to its result."""
    job = _jobs.get(key)
    if job is None:
        raise NotFound(
            say("This work is not known."),
            why=say("The server was restarted since."),
            fix=say("Look at its list."),
        )
    response = render(request, "console/_job.html", {"job": job})
    if job.state == "done" and request.headers.get("HX-Request"):
        response["HX-Redirect"] = job.url
    return response


def _run(job: Job, work: Callable[[Progress], str]) -> None:
    def tell(done: int, total: int | None = None, label: str | None = None) -> None:
        job.done, job.total = done, total

    finished = False
    try:
        job.url = work(tell)
        finished = True
    except ZhiyinError as error:
        job.error = error
    finally:
        # another exception is a bug: the page says that the work failed, the log says where
        job.state = "done" if finished else "failed"
        connections.close_all()


urlpatterns = [path("jobs/<str:key>", progress, name="job")]
