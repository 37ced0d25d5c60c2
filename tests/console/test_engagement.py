"""Opens and clicks on a customer's page, and rules about them in words: always by whom."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import translation
from tests.console.small_shop import PASSWORD, client

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.engagement import RULE
from zhiyin.domain.event import (
    EMAIL_DELIVERED,
    EMAIL_LINK_CLICKED,
    EMAIL_OPENED,
    MESSAGE_CLICKED,
    MESSAGE_OPENED,
    Event,
)
from zhiyin.entrypoints.console import segment_words
from zhiyin.entrypoints.console.segment_why import told
from zhiyin.loop.profile.segment_text import parse
from zhiyin.services import segments
from zhiyin.services.workspace import Workspace

BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
PROXY = "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"


def page(address: str, language: str = "en") -> str:
    browser = client(language)
    assert browser.login(username="yue@example.com", password=PASSWORD)  # type: ignore[attr-defined]
    response = browser.get(address)  # type: ignore[attr-defined]
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


@pytest.fixture
def read(filled: Workspace) -> Workspace:
    """c1 got three messages: she opened and clicked the first, a machine the second, and who knows who the third."""
    sent = filled.now() - timedelta(hours=5)

    def event(name: str, token: str, after: float, agent: str = BROWSER, **more: str) -> Event:
        given = {"token": token, "user_agent": agent, "method": "GET", **more}
        at = sent + timedelta(seconds=after)
        return Event(f"{name}:{token}:{after}", "track", name, at, "c1", campaign="spring", properties=given)

    rule = {"rule": str(RULE), "channel": "email"}
    events = [
        *(event(EMAIL_DELIVERED, token, 0) for token in ("a", "b", "c")),
        event(EMAIL_OPENED, "a", 600),
        event(EMAIL_LINK_CLICKED, "a", 700, url="/tea"),
        event(MESSAGE_OPENED, "a", 600, **rule),
        event(MESSAGE_CLICKED, "a", 700, **rule),
        event(EMAIL_OPENED, "b", 1),
        event(EMAIL_OPENED, "c", 900, PROXY),
    ]
    filled.lake.append(
        "events",
        events_to_table(events, timezone=filled.timezone, received_at=sent),
        app_id="test",
        version=1,
    )
    return filled


def test_the_timeline_says_by_whom_and_nothing_twice(read: Workspace) -> None:
    text = page("/customers/c1")
    for kind in ("human", "machine", "unknown"):
        assert f"E-mail opened {kind}" in text
    assert "Link in e-mail clicked human" in text
    assert "by a person" not in text
    assert "打开邮件 人工" in page("/customers/c1", "zh-hans")


def test_the_card_counts_messages_by_the_best_evidence(read: Workspace) -> None:
    text = page("/customers/messages/c1")
    assert "Delivered 3" in text
    assert "Opened 1 1 more: not clear by whom 1 more: by machines only" in text
    assert "Clicked 1" in text
    assert "已送达 3 打开 1 另有 1 条：不明是否本人 另有 1 条：只有机器" in page(
        "/customers/messages/c1", "zh-hans"
    )
    assert "No message yet." in page("/customers/messages/c2")


def test_the_features_of_a_reader_stand_on_her_page(read: Workspace) -> None:
    from zhiyin.services import profiles

    profiles.run(read)
    text = page("/customers/c1")
    assert "Messages in 90 days 3" in text
    assert "Engagement 33%" in text


SENTENCES = (
    ('engaged("opened")', "opened a message", "打开过消息"),
    ('engaged("clicked", at_least=3, within="30d")', "clicked in at least 3 messages within 30 days",
     "最近 30 天内至少点击过 3 条消息"),
    ('not engaged("opened", within="90d")', "opened no message within 90 days", "最近 90 天内没有打开过消息"),
    ('not engaged("received", at_least=2)', "received fewer than 2 messages", "收到过的消息少于 2 条"),
    ('engaged("bounced", at_most=1)', "exactly one message bounced", "恰好有 1 条消息被退回"),
    ('not engaged("opened", at_most=2)', "not: opened 1 to 2 messages", "不满足：打开过 1 到 2 条消息"),
    ('engaged("unsubscribed", campaign="spring")', "unsubscribed from a message in the campaign “Spring tea”",
     "从消息中退订过（活动“Spring tea”）"),
    ('engaged("opened", channel="email")', "opened a message by e-mail", "通过邮件打开过消息"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "english", "chinese"), SENTENCES)
def test_rules_about_messages_read_well(filled: Workspace, text: str, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert segment_words.sentence(filled, parse(text)) == english
    with translation.override("zh-hans"):
        assert segment_words.sentence(filled, parse(text)) == chinese


def test_why_tells_what_was_found(read: Workspace) -> None:
    rule = parse('engaged("opened", at_least=2, within="30d") or not engaged("clicked", campaign="spring")')
    why = segments.why(read, rule, "c1")
    assert not why.inside
    with translation.override("en"):
        opened, clicked = told(read, why.facts)
    assert opened["found"].startswith("Message opened by a person: 1 time since ")
    assert opened["needs"] == "needs: opened at least 2 messages within 30 days"
    assert clicked["found"].startswith("Message clicked by a person: 1 time, last on ")
    assert clicked["needs"] == "needs: clicked in no message in the campaign “Spring tea”"
    assert [fact.code for fact in why.facts] == ["engaged", "engaged_not"]
    assert why.facts[0].detail["what"] == "opened"
    assert segments.members(read, 'engaged("opened", within="30d")') == ["c1"]


def test_a_segment_of_readers_has_its_page(read: Workspace) -> None:
    segments.create(read, "readers", "Readers", 'engaged("opened", campaign="spring", within="30d")')
    assert "opened a message" in page("/segments/readers").lower()
    assert "打开过消息" in page("/segments/readers", "zh-hans")
