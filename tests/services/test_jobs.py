"""Jobs of pages: one of a kind at a time, seen by every process, and ended where their process is."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from zhiyin.adapters.records.models import Job
from zhiyin.domain.errors import Conflict, ZhiyinError
from zhiyin.domain.text import Text, say
from zhiyin.services import jobs
from zhiyin.services.workspace import Workspace

OTHER = """
import sys
from zhiyin.entrypoints.site import open_workspace
ws = open_workspace(sys.argv[1])
from zhiyin.services import jobs
def work(tell):
    tell(3, 12)
    print("told", flush=True)
    sys.stdin.read()
    return "/result"
job = jobs.start(ws, "import", work)
import threading
for thread in threading.enumerate():
    if thread.name.startswith("job-"):
        thread.join()
"""


@contextmanager
def another_process(ws: Workspace) -> Iterator[subprocess.Popen[str]]:
    """Another process that has told of 3 of 12 and goes on until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(ws.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "told\n"
        yield other


def finish() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("job-"):
            thread.join(60)


def test_a_job_of_another_process_is_seen_and_keeps_ours_from_starting(workspace: Workspace) -> None:
    with another_process(workspace) as other:
        job = jobs.running(workspace, "import")
        assert job is not None
        assert (job.done, job.total, job.share) == (3, 12, 0.25)
        with pytest.raises(Conflict, match="running already"):
            jobs.start(workspace, "import", lambda tell: "/mine")
        jobs.start(workspace, "recommenders", lambda tell: "/of another kind")
        finish()
        other.communicate()
    assert jobs.running(workspace, "import") is None
    found = jobs.get(workspace, job.key)
    assert found is not None
    assert (found.state, found.url) == ("done", "/result")


def test_a_job_whose_process_was_killed_has_failed_and_another_may_start(workspace: Workspace) -> None:
    with another_process(workspace) as other:
        job = jobs.running(workspace, "import")
        assert job is not None
        other.kill()
    found = jobs.get(workspace, job.key)
    assert found is not None
    assert found.state == "failed"
    assert jobs.failure(found).code == "interrupted"  # type: ignore[union-attr]
    again = jobs.start(workspace, "import", lambda tell: "/mine")
    finish()
    assert Job.objects.get(key=again.key).state == "done"


def test_a_reason_is_kept_with_the_job_and_can_still_be_translated(workspace: Workspace) -> None:
    def work(tell: jobs.Progress) -> str:
        raise ZhiyinError(say("No file {name}.", name="a.csv"), fix="Look.", code="bad_file")

    job = jobs.start(workspace, "import", work)
    finish()
    error = jobs.failure(Job.objects.get(key=job.key))
    assert error is not None
    assert (str(error), error.code) == ("No file a.csv. Look.", "bad_file")
    assert isinstance(error.what, Text)


def test_old_jobs_are_forgotten(workspace: Workspace) -> None:
    for _ in range(jobs.KEEP + 3):
        Job.objects.create(key=f"k{_}", kind="import", state="done", started_at=workspace.now())
    jobs.start(workspace, "import", lambda tell: "/")
    finish()
    assert Job.objects.count() == jobs.KEEP + 1
