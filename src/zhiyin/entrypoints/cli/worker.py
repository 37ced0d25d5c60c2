"""``zhiyin work``: the background process that moves events, plans and sends."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import WorkspaceOption, open_workspace, say
from zhiyin.entrypoints.cli.supervisor import Supervisor


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("work")(work)


def work(
    workspace: WorkspaceOption = Path("."),
    once: Annotated[bool, typer.Option("--once", help="Do what there is to do, then end.")] = False,
    send_only: Annotated[
        bool, typer.Option("--send-only", help="Hand messages over, and nothing else.")
    ] = False,
    with_parent: Annotated[int, typer.Option("--with-parent", hidden=True)] = 0,
) -> None:
    """Move events into the lake, plan and send campaigns, until stopped (Ctrl+C ends it after its step)."""
    ws = open_workspace(workspace)
    from zhiyin.services import work as service  # after Django knows the workspace's records

    if once:
        ws.spool.close()
        while service.run_once(ws):
            pass
        return
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if not with_parent:
        say(f"Working for [bold]{ws.folder}[/]. Ctrl+C ends it.")

    def wait(seconds: float) -> bool:
        # a worker started by `zhiyin serve` ends when that is gone, also when it was killed
        return stop.wait(seconds) or (with_parent > 0 and os.getppid() != with_parent)

    if send_only:
        service.send(ws, wait)
        return
    more = range(1, ws.settings.smtp.workers)
    beside = [Supervisor(ws.settings, "--send-only") for _ in more]
    try:
        service.run(ws, wait, tell=say)
    finally:
        for supervisor in beside:
            supervisor.stop()
