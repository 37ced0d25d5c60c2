"""Jobs: long work that a page starts, in a thread of its process; every process sees how far it is."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.db import connections

from zhiyin.adapters.lake.lease import held, lease
from zhiyin.adapters.records.models import Job
from zhiyin.domain.errors import Busy, Conflict, ZhiyinError
from zhiyin.domain.text import dump, load, say
from zhiyin.services.workspace import Workspace

Progress = Callable[..., None]
KEEP = 50  # finished jobs that can still be asked for
EVERY = 0.5  # seconds between two writes of the progress
_PATIENCE = 1.0  # for somebody who only looked whether the job's process lives


def start(ws: Workspace, kind: str, work: Callable[[Progress], str]) -> Job:
    """Run ``work`` in a thread; it is given a progress callback and returns the address of its result.

    One job of a kind runs at a time, in whatever process. Raises ``Conflict`` while another does.
    """
    hold = ExitStack()
    try:
        hold.enter_context(lease(_lock(ws, kind), "", patience=_PATIENCE))
    except Busy:
        raise Conflict(
            say("This is running already."), fix=say("Wait until it is done."), code="running"
        ) from None
    with hold:
        # the lease is ours: a job that still says it runs was killed
        _interrupted(ws, kind)
        old = Job.objects.exclude(state="running").values_list("pk", flat=True)[KEEP:]
        Job.objects.filter(pk__in=list(old)).delete()
        job = Job.objects.create(key=secrets.token_urlsafe(12), kind=kind, started_at=ws.now())
        arguments = (ws, job, work, hold.pop_all())
        threading.Thread(target=_run, args=arguments, name=f"job-{kind}", daemon=True).start()
    return job


def running(ws: Workspace, kind: str) -> Job | None:
    """The job of a kind that runs now, in whatever process."""
    job = Job.objects.filter(kind=kind, state="running").first()
    return _seen(ws, job) if job else None


def get(ws: Workspace, key: str) -> Job | None:
    """The job of a key, None if it is not known any more."""
    job = Job.objects.filter(key=key).first()
    return (_seen(ws, job) or Job.objects.filter(key=key).first()) if job else None


def failure(job: Job) -> ZhiyinError | None:
    """Why a job failed; None where that was no reason to understand, which the log has then."""
    if not job.error:
        return None
    parts = {name: load(text) for name, text in job.error.items()}
    return ZhiyinError(parts["what"], why=parts["why"], fix=parts["fix"], code=parts["code"])


def _seen(ws: Workspace, job: Job) -> Job | None:
    """The job if it runs; one whose process is gone has failed."""
    if job.state == "running" and not held(_lock(ws, job.kind)):
        _interrupted(ws, job.kind, pk=job.pk)
        return None
    return job if job.state == "running" else None


def _interrupted(ws: Workspace, kind: str, **which: int) -> None:
    error = ZhiyinError(
        say("The server was stopped while this ran."),
        fix=say("Start it again; nothing that was stored is lost."),
        code="interrupted",
    )
    rows = Job.objects.filter(kind=kind, state="running", **which)
    rows.update(state="failed", finished_at=ws.now(), error=_kept(error))


def _run(ws: Workspace, job: Job, work: Callable[[Progress], str], hold: ExitStack) -> None:
    written = 0.0

    def tell(done: int, total: int | None = None, label: str | None = None) -> None:
        nonlocal written
        if time.monotonic() - written >= EVERY:
            written = time.monotonic()
            Job.objects.filter(pk=job.pk).update(done=done, total=total)

    state = "failed"
    more: dict[str, Any] = {}
    with hold:
        try:
            more = {"url": work(tell)}
            state = "done"
        except ZhiyinError as error:
            more = {"error": _kept(error)}
        finally:
            # another exception is a bug: the page says that the work failed, the log says where
            Job.objects.filter(pk=job.pk).update(state=state, finished_at=ws.now(), **more)
            connections.close_all()


def _kept(error: ZhiyinError) -> dict[str, str]:
    parts = {"what": error.what, "why": error.why, "fix": error.fix, "code": error.code}
    return {name: dump(text) for name, text in parts.items()}


def _lock(ws: Workspace, kind: str) -> Path:
    return ws.folder / f"job-{kind}.lock"
