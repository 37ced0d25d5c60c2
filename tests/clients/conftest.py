"""A shop whose server is a process of its own, as users run it, and what unmodified clients need to reach it."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from zhiyin.services import ingest, sources
from zhiyin.services.workspace import Workspace
from zhiyin.simulate.server import free_port, serving

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
# the public crawler list knows headless browsers, rightly
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


class Server:
    """``zhiyin serve`` on a folder, always on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._running = ExitStack()

    def up(self) -> None:
        """Start; it answers when this returns."""
        self._running.enter_context(serving(self.folder, self.port, role="api"))

    def down(self) -> None:
        """End."""
        self._running.close()


class Shop:
    """An open workspace with a write key, its server, and what came out at the other end."""

    def __init__(self, workspace: Workspace, server: Server) -> None:
        self.workspace, self.server, self.base = workspace, server, server.base
        self.key = sources.create(workspace, "web")[1]
        self._before = {event["event_id"] for event in self._events()}

    def collected(self) -> list[dict[str, Any]]:
        """Move all that the server acknowledged into the lake; what this test added there, in order of time."""
        waiting = threading.Event()  # never set: it only spaces the looks at a spool that is still written to
        while ingest.drain(self.workspace) or any(
            path.suffix in (".jsonl", ".spool") for path in self.workspace.spool.folder.iterdir()
        ):
            waiting.wait(0.05)
        lake = self.workspace.lake
        rejects = lake.collect(lake.frame("rejects")).to_pylist()
        assert [(reject["reason"], reject["detail"], reject["raw"]) for reject in rejects] == []
        return [event for event in self._events() if event["event_id"] not in self._before]

    def _events(self) -> list[dict[str, Any]]:
        lake = self.workspace.lake
        events = lake.collect(lake.events().sort("timestamp", "event_id")).to_pylist()
        return [event | {"properties": json.loads(event["properties"] or "{}")} for event in events]


@pytest.fixture(scope="session")
def server(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server, started once for all clients."""
    folder = tmp_path_factory.mktemp("clients") / "shop"
    shutil.copytree(pristine, folder)
    server = Server(folder)
    server.up()
    yield server
    server.down()


@pytest.fixture
def shop(server: Server) -> Iterator[Shop]:
    """The shop of that server, opened for one test, with a key of its own."""
    from django.db import connections

    from zhiyin.entrypoints.site import open_workspace

    workspace = open_workspace(server.folder)
    yield Shop(workspace, server)
    workspace.spool.close()
    connections.close_all()


@pytest.fixture(scope="session")
def node() -> Callable[..., subprocess.Popen[str]]:
    """Starts a module of this folder in Node: ``node("send.mjs", …)``."""
    found = shutil.which("node")
    if found is None or not MODULES.exists():
        pytest.skip("Node or its packages are not installed; tools/install test does that")

    def start(script: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [found, script, *arguments], cwd=HERE, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    return start


def ended(process: subprocess.Popen[str]) -> str:
    """What a process wrote, once it has ended well."""
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 0, text
    return text
