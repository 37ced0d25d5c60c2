"""Segment's library for browsers, unmodified, in a real browser against a running server."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

import pytest
from tests.clients.conftest import Node, Shop, Visit, bundled
from tests.clients.story import AT, ORDER, TRAITS, check

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("clients")]
FACTS = {"at": AT.isoformat(), "order": ORDER, "traits": TRAITS}


def test_everything_the_browser_library_tells_is_in_the_lake_once(
    shop: Shop, node: Node, chromium: Any
) -> None:
    who = "next-story"
    host = shop.base.removeprefix("http://") + "/v1"
    data = {"key": shop.key, "host": host, "who": who, "facts": json.dumps(FACTS)}
    attributes = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())
    script = bundled(Path(__file__).with_name("next.js").read_text("utf-8"))
    shopper = Visit(shop, chromium, tag=f"<script {attributes}>{script}</script>")
    try:
        shopper.page.goto(shopper.site)
        shopper.run("() => window.told")
        check(shop.collected(7), who)
    finally:
        shopper.close()
