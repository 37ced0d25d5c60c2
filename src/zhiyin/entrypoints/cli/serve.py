"""``zhiyin serve``: console, public links, tracking API and worker, in one command."""

from __future__ import annotations

import gc
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from zhiyin.domain.errors import ZhiyinError
from zhiyin.entrypoints.cli.output import WorkspaceOption, open_workspace, say
from zhiyin.entrypoints.cli.supervisor import Supervisor

if TYPE_CHECKING:
    from zhiyin.services.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    workspace: WorkspaceOption = Path("."),
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    role: Annotated[str, typer.Option(help="all, or api for the web part without the worker.")] = "all",
    with_parent: Annotated[int, typer.Option("--with-parent", hidden=True)] = 0,
) -> None:
    """Serve the console, the public links and the tracking API, and run the worker beside them."""
    from zhiyin.entrypoints.site import migrate

    if with_parent:
        _end_with(with_parent)
    if role not in ("all", "api"):
        raise typer.BadParameter("must be all or api; `zhiyin work` is the worker alone", param_hint="--role")
    ws = open_workspace(workspace, server__host=host, server__port=port)
    migrate()
    say(f"Zhiyin serves [bold]{ws.folder}[/] at [bold]{ws.settings.base_url}[/]. Ctrl+C ends it.")
    if ws.settings.lake.engine == "duckdb" and not ws.settings.sends_mail:
        say("No mail server is set up yet; see Settings in the console.")
    run(ws, worker=role == "all")


def run(ws: Workspace, *, worker: bool = True) -> None:
    """Serve an open workspace until stopped."""
    import uvicorn

    from zhiyin.entrypoints.site.asgi import application
    from zhiyin.entrypoints.site.http import PromptProtocol

    settings = ws.settings.server
    if not _free(settings.host, settings.port):
        raise ZhiyinError(
            f"Port {settings.port} on {settings.host} is in use.",
            fix="Stop what uses it, or choose another with --port.",
            code="port_in_use",
        )
    supervisor = Supervisor(ws.settings) if worker else None
    served = application(ws)
    gc.collect()
    gc.freeze()  # what is there now stays: looking for garbage in it would hold up requests
    # the server passes the signal on when it has ended: by default that would end us before the worker
    signal.signal(signal.SIGTERM, _ended)
    try:
        uvicorn.run(
            served,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            ws="none",
            http=PromptProtocol,
            server_header=False,
            proxy_headers=False,  # who may say whom it speaks for is a setting, read by site/client.py
            timeout_graceful_shutdown=5,
        )
    finally:
        if supervisor is not None:
            supervisor.stop()


def _ended(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _end_with(parent: int) -> None:
    """End this server as Ctrl+C does when the process that started it is gone, also when it was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            pause.wait(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    pause = threading.Event()  # never set: it only spaces the looks
    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _free(host: str, port: int) -> bool:
    import socket

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
