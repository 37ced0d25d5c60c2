"""A real browser on a real server: Debian's Chromium, uvicorn in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.console.small_shop import filled, quick_hashes

from zhiyin.services.workspace import Workspace

__all__ = ["filled", "quick_hashes"]
AXE = Path(__file__).with_name("axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
# its scripts and fonts are there, htmx has answered and swapped, and what was drawn is on the screen; no timer of
# ours is shorter than a second, so nothing is to come that waiting longer would show
STILL = """async () => {
  const busy = () => document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await document.fonts.ready;
  do { await frame(); await frame(); } while (busy());
}"""


@dataclass
class Site:
    """The address of a served workspace, and what its pages complained of."""

    base: str
    browser: Any
    complaints: list[str] = field(default_factory=list)

    def page(self, *, language: str = "en", signed_in: bool = True) -> Any:
        """A page whose console messages, failed requests and requests to other hosts are complaints.

        The owner of the shop has signed in before, unless told otherwise.
        """
        context = self.browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        cookies = {"zhiyin_language": language, "zhiyin_theme": "light"}
        if signed_in:
            cookies["zhiyin_session"] = _session()
        context.add_cookies(
            [{"name": name, "value": value, "url": self.base} for name, value in cookies.items()]
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


def _session() -> str:
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.get())
    return client.cookies["zhiyin_session"].value


def visit(page: Any, address: str) -> None:
    """Load a page, until nothing moves on it any more."""
    response = page.goto(address)
    assert response.status == 200, address
    page.evaluate(STILL)


def look(page: Any, *, width: int = 1440, theme: str = "light") -> None:
    """Give the window another width and the page another theme, as its button does; charts draw themselves anew."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(
        "theme => { document.documentElement.dataset.bsTheme = theme; document.dispatchEvent(new Event('zy:theme')) }",
        theme,
    )
    page.evaluate(STILL)


def too_wide(page: Any) -> int:
    """By how many pixels the page is wider than its window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def violations(page: Any, *, colours_only: bool = False) -> list[tuple[str, str]]:
    """The rules of accessibility that the page breaks, each with the first place where it does.

    What a letter holds within its frame is the shop's own. Of a page in another theme only the colours are new.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    wanted = {"type": "rule", "values": ["color-contrast"]} if colours_only else RULES
    options = {"runOnly": wanted, "iframes": False, "resultTypes": ["violations"]}
    result = page.evaluate("async (options) => (await axe.run(document, options)).violations", options)
    return [(found["id"], found["nodes"][0]["html"][:200]) for found in result]


@pytest.fixture
def site(workspace: Workspace, chromium: Any) -> Iterator[Site]:
    """A served workspace with no owner yet."""
    yield from serve(workspace, chromium)


@pytest.fixture
def filled_site(filled: Workspace, chromium: Any) -> Iterator[Site]:
    """The small shop, served."""
    yield from serve(filled, chromium)


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
