"""Every snippet is pasted and run as it stands, against a running server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.clients.conftest import Node, Shop, Visits, bundled, ended

from zhiyin.services.snippets import KEY, Snippet, snippets

ROOT = Path(__file__).resolve().parents[2]


def made(shop: Shop, name: str) -> Snippet:
    return next(snippet for snippet in snippets(shop.base, shop.key) if snippet.name == name)


def check(shop: Shop, *expected: tuple[str, str | None]) -> None:
    events = shop.collected(len(expected))
    assert sorted((event["event"], event["customer_id"]) for event in events) == sorted(expected)
    viewed = [event for event in events if event["event"] == "Product Viewed"]
    assert [event["properties"]["product_id"] for event in viewed] == ["tea-7"]


@pytest.mark.parametrize("name", ["analytics-node", "rudder-node"])
def test_a_node_snippet_sends(shop: Shop, node: Node, name: str) -> None:
    ended(node("--input-type=module", "--eval", made(shop, name).code))
    check(shop, ("Product Viewed", "customer-1"))


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("segment-python", [sys.executable, "-c"]),
        ("rudder-python", [sys.executable, "-c"]),
        ("curl", ["bash", "-euo", "pipefail", "-c"]),
    ],
)
def test_a_snippet_of_a_server_sends(shop: Shop, name: str, command: list[str]) -> None:
    ran = subprocess.run([*command, made(shop, name).code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    check(shop, ("Product Viewed", "customer-1"))


@pytest.mark.browser
def test_the_snippet_of_the_tag_sends(shop: Shop, visit: Visits) -> None:
    shopper = visit(tag=made(shop, "tag").code)
    shopper.open("/")
    check(shop, ("Product Viewed", None), ("page", None))


@pytest.mark.browser
def test_the_snippet_of_the_browser_library_sends(shop: Shop, node: Node, visit: Visits) -> None:
    shopper = visit(tag=f"<script>{bundled(made(shop, 'analytics-next').code)}</script>")
    shopper.page.goto(shopper.site)
    check(shop, ("Product Viewed", None), ("page", None))


def test_every_snippet_is_run_and_stands_in_the_documentation() -> None:
    page = (ROOT / "docs/how-to/collect-events.md").read_text("utf-8")
    tests = Path(__file__).read_text("utf-8")
    for snippet in snippets("http://127.0.0.1:8321"):
        assert f"```{snippet.language}\n{snippet.code}```" in page, snippet.name
        assert f"`{snippet.install}`" in page or not snippet.install, snippet.name
        assert KEY in snippet.code
        assert re.search(rf"\W{snippet.name}\W", tests), f"{snippet.name} is not run"
