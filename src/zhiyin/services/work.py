"""The worker's round: drain the spool, plan and send, tidy the lake."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from zhiyin.services import ingest, planning, sending
from zhiyin.services.workspace import Workspace

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
    """Rounds until ``wait(seconds)`` answers that it is time to stop; idle rounds are ``pause`` apart."""
    name = worker_id()
    while not wait(0.0 if run_once(ws, name) else pause):
        pass


def _tidy(ws: Workspace) -> int:
    return sum(ws.lake.compact(name) for name in ("events", "rejects") if len(ws.lake.files(name)) > FILES)
