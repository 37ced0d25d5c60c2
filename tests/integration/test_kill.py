"""Law 2: what was acknowledged survives ``kill -9``, and counts once however often it is drained."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

from zhiyin.services import ingest
from zhiyin.services.workspace import Workspace

WRITER = """
import sys
from datetime import UTC, datetime
from zhiyin.domain.event import Event
from zhiyin.entrypoints.site import open_workspace
from zhiyin.services import ingest
ws = open_workspace(sys.argv[1])
for number in range(100_000):
    names = [f"{sys.argv[2]}-{number}-{part}" for part in range(5)]
    ingest.record(ws, [Event(name, "track", "Viewed", datetime.now(UTC), "ann") for name in names])
    print(*names, sep="\\n", flush=True)  # acknowledged
"""
DRAINER = """
import sys
from zhiyin.entrypoints.site import open_workspace
from zhiyin.services import ingest
ws = open_workspace(sys.argv[1])
print("ready", flush=True)
while True:
    ingest.drain(ws)
"""


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


def killed_after_lines(process: subprocess.Popen[str], lines: int) -> list[str]:
    """The complete lines that a process printed before and until it was killed."""
    assert process.stdout is not None
    seen = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    seen += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    return [line.strip() for line in seen if line.endswith("\n")]


def test_no_acknowledged_event_is_lost_or_counted_twice(workspace: Workspace) -> None:
    rng = random.Random(7)
    folder = str(workspace.folder)
    acknowledged: list[str] = []
    for round_ in range(4):
        drainer = start(DRAINER, folder)
        writer = start(WRITER, folder, str(round_))
        acknowledged += killed_after_lines(writer, rng.randrange(200, 2000))
        killed_after_lines(drainer, 1)
    ingest.drain(workspace)
    stored = workspace.lake.collect(workspace.lake.events().select("event_id"))["event_id"].to_pylist()
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored)
    assert not list(Path(workspace.spool.folder).glob("*.spool"))
