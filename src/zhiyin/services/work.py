"""The worker's round: drain the spool, plan and send, tidy the lake."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import timedelta

from zhiyin.adapters import clock
from zhiyin.services import ingest, planning, sending
from zhiyin.services.workspace import Workspace

VACUUM = timedelta(days=1)  # old files are removed that often
FILES = 64  # a dataset with more files than this is compacted between rounds


def worker_id() -> str:
    """A name for this process in the send ledger."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}"


def run_once(ws: Workspace, name: str = "") -> int:
    """One round; returns how many things were done, 0 when there was nothing to do."""
    name = name or worker_id()
    done = ingest.drain(ws)
    sending.recover(ws)
    done += planning.plan_step(ws)
    done += sending.send_step(ws, name)
    if not done:
        done += _tidy(ws)
    return done


def run(ws: Workspace, wait: Callable[[float], bool], *, pause: float = 1.0) -> None:
    """Rounds until ``wait(seconds)`` answers that it is time to stop; idle rounds are ``pause`` apart.

    In the first idle round and then once a day, files go that the lake has not needed for a week.
    """
    name, vacuumed = worker_id(), None
    while True:
        done = run_once(ws, name)
        if not done and (vacuumed is None or clock.system() - vacuumed > VACUUM):
            ws.lake.vacuum()
            vacuumed = clock.system()
        if wait(0.0 if done else pause):
            return


def _tidy(ws: Workspace) -> int:
    return sum(ws.lake.compact(name) for name in ("events", "rejects") if len(ws.lake.files(name)) > FILES)
