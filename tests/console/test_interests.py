"""Interests on a customer's page and on a page of their own, in both languages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.console.small_shop import fill
from tests.console.test_chinese_pages import english
from tests.console.test_features import page, words
from tests.prepared import once

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import ORDER_COMPLETED, PRODUCTS_SEARCHED, Event, Line
from zhiyin.services import profiles
from zhiyin.services.workspace import Workspace


@pytest.fixture
def liking(workspace: Workspace, quick_hashes: None) -> Workspace:
    """The small shop, whose second customer ordered tea just now and searched for a cup."""
    once(workspace, _liking)
    return workspace


def _liking(ws: Workspace) -> None:
    fill(ws)
    now = ws.now()
    events = [
        Event("l1", "track", ORDER_COMPLETED, now - timedelta(minutes=1), "c2", products=(Line("x", category="茶 <b>"),)),
        Event("l2", "track", PRODUCTS_SEARCHED, now - timedelta(minutes=1), "c2", properties={"query": "Cup"}),
    ]  # fmt: skip
    table = events_to_table(events, timezone=ws.timezone, received_at=now)
    ws.lake.append("events", table, app_id="likes", version=1)
    profiles.run(ws)


def test_a_customers_page_shows_her_interests(liking: Workspace) -> None:
    text = page("/customers/c2")
    told = words(text)
    assert "Categories Interest Score, of 100 茶 <b> 50" in told
    assert "Searched for Interest Score, of 100 cup 17" in told
    assert "Prices Interest Score, of 100 middle" in told
    assert "<b>" not in text
    assert "Interests" not in words(page("/customers/c3")).split("Features")[0]


def test_the_page_of_interests_counts_customers(liking: Workspace) -> None:
    told = words(page("/features/interests"))
    assert "Categories known of 1 customer Customers whose score is 30 or more" in told
    assert "茶 <b> 1 100.0%" in told
    assert "Nobody shows one strongly enough today." in told  # a single search is not enough
    assert 'href="/features/interests"' in page("/features")


def test_the_pages_are_chinese_where_the_console_is(liking: Workspace) -> None:
    for address in ("/features/interests", "/features", "/customers/c2"):
        assert english(page(address, "zh-hans")) == []
    assert "价位" in words(page("/customers/c2", "zh-hans"))


def test_without_any_the_page_says_what_comes(owned: Workspace) -> None:
    assert "No interests are known yet" in words(page("/features/interests"))


def test_why_tells_the_score(liking: Workspace) -> None:
    from django.utils import translation

    from zhiyin.entrypoints.console import segment_why, segment_words
    from zhiyin.services import segments

    rule = segments.rule_of('interested("茶 <b>", at_least=60) or not interested("mid", kind="price_band")')
    found = segment_why.why(liking, rule, "c2")
    assert not found.inside
    assert (found.facts[0]["found"], found.facts[0]["needs"]) == (
        "Interest in “茶 <b>”: 50 of 100", "needs at least 60",
    )  # fmt: skip
    assert "“middle”" in found.facts[1]["found"]
    with translation.override("zh-hans"):
        assert segment_words.sentence(liking, rule) == (
            "对“茶 <b>”感兴趣（兴趣分不低于 60，满分 100）或不偏好“中”价位（兴趣分低于 30，满分 100）"
        )
