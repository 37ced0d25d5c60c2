"""A real browser on a real server: Debian's Chromium, uvicorn in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.console.small_shop import fill, owner

from zhiyin.services.workspace import Workspace

AXE = Path(__file__).with_name("axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]


@dataclass
class Site:
    """The address of a served workspace, and what its pages complained of."""

    base: str
    browser: Any
    complaints: list[str] = field(default_factory=list)

    def page(
        self, *, width: int = 1440, language: str = "en", theme: str = "light", session: Any = None
    ) -> Any:
        """A page whose console messages, failed requests and requests to other hosts are complaints."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, storage_state=session, reduced_motion="reduce"
        )
        context.add_cookies(
            [
                {"name": "zhiyin_language", "value": language, "url": self.base},
                {"name": "zhiyin_theme", "value": theme, "url": self.base},
            ]
        )
        context.set_default_timeout(120_000)  # the machine may be busy
        page = context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and self.note(message.text))
        page.on("pageerror", lambda error: self.note(str(error)))
        # what a page still asks for when it is left is aborted, not failed
        page.on(
            "requestfailed",
            lambda request: request.failure == "net::ERR_ABORTED" or self.note(f"failed: {request.url}"),
        )
        page.on(
            "request", lambda request: request.url.startswith((self.base, "data:")) or self.note(request.url)
        )
        return page

    def note(self, complaint: str) -> None:
        """Keep a complaint."""
        self.complaints.append(complaint)


@pytest.fixture
def site(workspace: Workspace, chromium: Any) -> Iterator[Site]:
    """A served workspace with no owner yet."""
    yield from serve(workspace, chromium)


@pytest.fixture
def filled_site(workspace: Workspace, chromium: Any) -> Iterator[Site]:
    """The small shop, served."""
    owner()
    fill(workspace)
    yield from serve(workspace, chromium)


def serve(workspace: Workspace, chromium: Any) -> Iterator[Site]:
    """Run the application until the test is over; what pages complained of fails it."""
    import uvicorn

    from zhiyin.entrypoints.site.asgi import application

    server = uvicorn.Server(uvicorn.Config(application(workspace), port=0, log_level="error", lifespan="off"))
    started = threading.Event()
    startup = server.startup

    async def start(sockets: Any = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = start  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    assert started.wait(120)
    port = server.servers[0].sockets[0].getsockname()[1]
    served = Site(f"http://127.0.0.1:{port}", chromium)
    yield served
    for context in chromium.contexts:
        context.close()
    server.should_exit = True
    thread.join(10)
    assert served.complaints == []
