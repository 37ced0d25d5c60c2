"""Segment's and RudderStack's Node libraries, unmodified, against a running server."""

from __future__ import annotations

import uuid

import pytest
from tests.clients.conftest import Node, Shop, ended
from tests.clients.story import check, facts


@pytest.mark.parametrize("library", ["segment", "rudder"])
def test_everything_a_node_library_tells_is_in_the_lake_once(shop: Shop, node: Node, library: str) -> None:
    who = f"{library}-{uuid.uuid4().hex[:8]}"
    ended(node("send.mjs", library, shop.base, shop.key, who, facts(who)))
    check(shop.collected(), who)
