"""Customers → Features: the catalogue, one feature, and the features on a customer's page."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from tests.console.small_shop import PASSWORD, client, fill
from tests.console.test_chinese_pages import english
from tests.prepared import once

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import Event
from zhiyin.domain.feature import FEATURES
from zhiyin.entrypoints.console import feature_values, segment_words
from zhiyin.services import profiles
from zhiyin.services.workspace import Workspace


def page(address: str, language: str = "en", status: int = 200) -> str:
    browser = client(language)
    assert browser.login(username="yue@example.com", password=PASSWORD)
    response = browser.get(address)
    assert response.status_code == status
    return response.content.decode()


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


@pytest.fixture
def visited(workspace: Workspace, quick_hashes: None) -> Workspace:
    """The small shop, whose first customer came by phone two days ago."""
    once(workspace, _visited)
    return workspace


def _visited(ws: Workspace) -> None:
    fill(ws)
    now = ws.now()
    context = {"device": {"type": "mobile"}, "referrer": {"medium": "search"}}
    events = [
        Event(f"v{i}", "page", "page", now - timedelta(days=2, seconds=-60 * i), "c1", session_id="v0", context=context)
        for i in range(3)
    ]  # fmt: skip
    table = events_to_table(events, timezone=ws.timezone, received_at=now)
    ws.lake.append("events", table, app_id="visits", version=1)
    profiles.run(ws)


def test_the_catalogue_names_every_feature(visited: Workspace) -> None:
    text = page("/features")
    assert all(f'href="/features/{one.name}"' in text for one in FEATURES)
    told = words(text)
    assert "Regularity of orders regularity 1 like a clock, 0 by chance, −1 in bursts" in told
    assert "Visits to the website or app; half an hour of silence ends one. number 90 days 100%" in told


def test_an_empty_catalogue_says_what_comes(owned: Workspace) -> None:
    told = words(page("/features"))
    assert "Nobody is profiled yet" in told
    assert "Regularity of orders" in told
    assert "Not known of anybody yet" in words(page("/features/regularity"))


def test_the_catalogue_is_reached_from_the_customers(owned: Workspace) -> None:
    assert 'href="/features"' in page("/customers")


@pytest.mark.parametrize("one", FEATURES, ids=lambda one: one.name)
def test_every_feature_has_a_page_in_both_languages(visited: Workspace, one: object) -> None:
    address = f"/features/{one.name}"  # type: ignore[attr-defined]
    assert one.meaning in html.unescape(page(address))  # type: ignore[attr-defined]
    assert english(page(address, "zh-hans")) == []


def test_the_catalogue_is_chinese_where_the_console_is(visited: Workspace) -> None:
    for address in ("/features", "/customers/c1"):
        assert english(page(address, "zh-hans")) == []


def test_values_are_told_in_words(visited: Workspace) -> None:
    assert "Mobile phone 1 100.0%" in words(page("/features/main_device"))
    assert "搜索引擎 1 100.0%" in words(page("/features/main_channel", "zh-hans"))
    assert "The values name people" in words(page("/features/email"))
    assert "person1@example.com" not in page("/features/email")


def test_a_feature_that_is_none_is_not_found(visited: Workspace) -> None:
    page("/features/none", status=404)


def test_a_customers_page_shows_her_features(visited: Workspace) -> None:
    told = words(page("/customers/c1"))
    assert "Visits in 90 days 1" in told
    assert "Length of a visit 2 min" in told
    assert "Share on mobile phones 100%" in told
    assert "Main channel Search engine" in told
    assert "Main channel" not in words(page("/customers/c2"))


@pytest.mark.parametrize(
    ("name", "raw", "shown"),
    [
        ("regularity", 0.5, "0.500"), ("regularity", -1.0, "−1"), ("next_order_due", -15, "−15 days"),
        ("personal_gap_days", 1, "1 day"), ("night_share", 33, "33%"), ("best_hour", 9, "9:00–10:00"),
        ("best_weekday", 7, "Sunday"), ("visit_seconds", 59, "59 s"), ("visit_seconds", 90, "2 min"),
        ("gap_hours_mean", 1_234, "1,234 h"), ("revenue", 125_000, "¥1,250"), ("last_search", "茶", "茶"),
        ("main_channel", "cpc", "cpc"), ("pages_per_visit", 3.4, "3.4"),
    ],
)  # fmt: skip
def test_a_value_has_its_unit(owned: Workspace, name: str, raw: object, shown: str) -> None:
    feature = next(one for one in FEATURES if one.name == name)
    assert feature_values.shown(feature, raw, owned, "en") == shown


def test_rules_call_features_by_their_names() -> None:
    from django.utils import translation

    with translation.override("zh-hans"):
        assert segment_words.trait("regularity") == "下单规律性"
        assert segment_words.trait("best_weekday") == "最活跃的星期"
        assert segment_words.value("best_weekday", 1, "CNY") == "星期一"
