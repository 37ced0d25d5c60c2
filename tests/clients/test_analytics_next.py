"""Segment's library for browsers, unmodified, in a real browser against a running server."""

from __future__ import annotations

import pytest
from tests.clients.conftest import Node, Shop, Visits
from tests.clients.story import check, page_of_segment

pytestmark = pytest.mark.browser


def test_everything_the_browser_library_tells_is_in_the_lake_once(
    shop: Shop, node: Node, visit: Visits
) -> None:
    shopper = visit(tag=page_of_segment(shop, "next-story"))
    shopper.page.goto(shopper.site)
    shopper.run("() => window.tell()")
    check(shop.collected(7), "next-story", device=True)
