"""A shop whose server is a process of its own, as users run it, and what unmodified clients need to reach it."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import narwhals as nw
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


Node = Callable[..., subprocess.Popen[str]]


Visits = Callable[..., "Visit"]


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
        self.source = f"web-{uuid.uuid4().hex[:8]}"  # what another test's browser sends late is not ours
        self.key = sources.create(workspace, self.source)[1]

    def collected(self, at_least: int = 0) -> list[dict[str, Any]]:
        """Move what the server acknowledged into the lake; what this test added there, in order of time.

        A browser sends when it likes: with ``at_least``, wait until so many events have come.
        """
        pause = threading.Event()  # never set: it only spaces the looks at what other processes write
        for _ in range(2_400):  # two minutes at least: the machine may be busy
            moved = ingest.drain(self.workspace)
            if not moved and not self.workspace.spool.size() and len(self._events()) >= at_least:
                break
            pause.wait(0.05)
        lake = self.workspace.lake
        rejects = lake.collect(lake.frame("rejects").filter(nw.col("source") == self.source)).to_pylist()
        assert [(reject["reason"], reject["detail"], reject["raw"]) for reject in rejects] == []
        return self._events()

    def _events(self) -> list[dict[str, Any]]:
        lake = self.workspace.lake
        mine = lake.events().filter(nw.col("source") == self.source).sort("timestamp", "event_id")
        events = lake.collect(mine).to_pylist()
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
def node() -> Node:
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
    text, _ = process.communicate(timeout=180)
    assert process.returncode == 0, text
    return text


def bundled(module: str) -> str:
    """A script for browsers with everything that a module imports, for use within a page."""
    done = subprocess.run(
        [MODULES / ".bin" / "esbuild", "--bundle", "--format=iife", "--minify", "--charset=utf8"],
        cwd=HERE, input=module, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


class Visit:
    """A visitor's browser on a shop's website, whose pages carry the tag and come from another origin."""

    def __init__(
        self,
        shop: Shop,
        chromium: Any,
        attributes: str = "",
        *,
        tag: str = "",
        before: str = "",
        body: str = "",
        script: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        tag = tag or f'<script async src="{shop.base}/zhiyin.js" data-key="{shop.key}" {attributes}></script>'
        self._website = _website(lambda path: f"<title>{path}</title>{before}{tag}{body}", headers or {})
        self.site = f"http://127.0.0.1:{self._website.server_port}"
        self.requests: list[list[dict[str, Any]]] = []
        self.complaints: list[str] = []
        self.context = chromium.new_context(user_agent=BROWSER)
        self.context.set_default_timeout(120_000)
        if script:
            self.context.add_init_script(script)
        self.page = self.new_page()

    def new_page(self) -> Any:
        """A tab."""
        page = self.context.new_page()
        page.on("request", self._note)
        page.on(
            "console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text)
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def open(self, path: str, *, referer: str | None = None) -> None:
        """Load a page, until the tag is there."""
        self.page.goto(self.site + path, referer=referer)
        self.page.wait_for_function("() => window.zy && zy.version")

    def run(self, script: str, argument: Any = None) -> Any:
        """Call the tag as the page would."""
        return self.page.evaluate(script, argument)

    def sent_by(self, act: Callable[[], object]) -> list[dict[str, Any]]:
        """The messages of the next request, which ``act`` causes, once it is answered."""
        with self.page.expect_response("**/v1/batch") as answered:
            act()
        assert answered.value.status == 200
        messages: list[dict[str, Any]] = json.loads(answered.value.request.post_data)["batch"]
        return messages

    def cookies(self) -> dict[str, str]:
        """The cookies of the shop's pages."""
        return {cookie["name"]: cookie["value"] for cookie in self.context.cookies(self.site)}

    def stored(self) -> dict[str, str]:
        """What stands in the shop's localStorage."""
        found: dict[str, str] = self.page.evaluate("() => ({...localStorage})")
        return found

    def waiting(self) -> list[str]:
        """The names under which messages wait there; a pause that a failed try left behind is none."""
        return [name for name in self.stored() if name.startswith("zy:")]

    def refuse(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        """Let the network answer for the server, with an error, until ``accept``."""
        allowed = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
        self.context.route(
            "**/v1/batch", lambda route: route.fulfill(status=status, headers={**allowed, **(headers or {})})
        )

    def accept(self) -> None:
        """Let the server answer again."""
        self.context.unroute("**/v1/batch")

    def close(self) -> None:
        """End browser and website."""
        self.context.close()
        self._website.shutdown()
        self._website.server_close()

    def _note(self, request: Any) -> None:
        if request.url.endswith("/v1/batch"):
            self.requests.append(json.loads(request.post_data)["batch"])


@pytest.fixture
def visit(shop: Shop, chromium: Any) -> Iterator[Visits]:
    """Opens browsers of visitors: ``visit("data-cookieless", body="<a …>") -> Visit``."""
    made: list[Visit] = []

    def make(attributes: str = "", **more: Any) -> Visit:
        made.append(Visit(shop, chromium, attributes, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _website(page: Callable[[str], str], headers: Mapping[str, str]) -> ThreadingHTTPServer:
    """A server of pages, in threads of its own."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = ("<!doctype html>" + page(urlsplit(self.path).path)).encode()
            self.send_response(200)
            for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *parts: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
