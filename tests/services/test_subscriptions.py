"""The preference centre: what one click, the buttons and the boxes change, and what the gate then lets through."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes

import pytest
from tests.console.small_shop import client
from tests.services.mailing import campaign, moving, people

from zhiyin.adapters.records.models import Consent, Customer, Message, Suppression
from zhiyin.services import campaigns, ingest, planning, sending, topics
from zhiyin.services.public_links import PublicLinks
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

ONE_CLICK = {"data": "List-Unsubscribe=One-Click", "content_type": "application/x-www-form-urlencoded"}


@pytest.fixture
def sent(make_workspace) -> tuple[Workspace, str]:
    """Two customers were mailed about ``news``; there are ``offers`` and a topic for insiders too."""
    ws = make_workspace(smtp__host="127.0.0.1")
    people(ws, 2, profile=True)
    topics.create(ws, "news", {"en": "New teas", "zh-hans": "新茶"}, {"en": "Once a month."})
    topics.create(ws, "offers", {"en": "Offers"})
    topics.create(ws, "insiders", {"en": "Insiders"}, public=False)
    send(ws, "spring", topic="news")
    return ws, page(ws)


def send(ws: Workspace, key: str, topic: str = "") -> list[str]:
    """Send a campaign to everybody; who got it."""
    campaign(ws, key=key, holdout=0, topic=topic)
    campaigns.start(ws, key)
    channel = FakeChannel()
    planning.plan_step(ws)
    sending.send_step(ws, "test:1", channel=channel)
    return [envelope.to.partition("@")[0] for envelope in channel.sent]


def page(ws: Workspace, campaign_key: str = "spring") -> str:
    token = Message.objects.get(customer_id="c0000", campaign__key=campaign_key).token
    return PublicLinks.of(ws).unsubscribe(token).removeprefix(ws.settings.base_url)


def said() -> dict[str, bool]:
    return dict(Consent.objects.filter(customer="c0000").values_list("purpose", "granted"))


def ticked(html: str) -> dict[str, bool]:
    return {key: bool(on) for key, on in re.findall(r'name="topic" value="([^"]+)"( checked)?', html)}


def drained(ws: Workspace) -> dict[str, int]:
    ws.spool.close()
    ingest.drain(ws)
    return ingest.counts(ws)


def test_a_topic_is_a_list_of_its_own_to_mail_programs(sent) -> None:
    ws, _ = sent
    campaign(ws, key="more", holdout=0, topic="news")
    campaigns.start(ws, "more")
    channel = FakeChannel()
    planning.plan_step(ws)
    sending.send_step(ws, "test:1", channel=channel)
    assert {message_from_bytes(one.content)["List-ID"] for one in channel.sent} == {
        "<news.marketing.example.com>"
    }


def test_one_click_stops_the_topic_of_the_message_alone(sent) -> None:
    ws, path = sent
    answer = client().post(path, **ONE_CLICK, headers={"user-agent": ""})
    assert (answer.status_code, answer.get("Location"), len(answer.cookies)) == (200, None, 0)
    assert "New teas" in answer.content.decode()
    assert "stop all" in answer.content.decode()
    assert said() == {"marketing": True, "news": False}
    assert Consent.objects.get(purpose="news").source == "unsubscribe:one_click"
    assert not Suppression.objects.exists()
    assert send(ws, "more-news", "news") == ["c0001"]
    assert campaigns.progress(ws, "more-news")["refused_by_reason"] == {"unsubscribed": 1}
    assert send(ws, "sale", "offers") == ["c0000", "c0001"]
    assert send(ws, "plain") == ["c0000", "c0001"]


def test_one_click_twice_counts_once(sent) -> None:
    ws, path = sent
    for _ in range(2):
        client().post(path, **ONE_CLICK)
    counts = drained(ws)
    assert (counts["Unsubscribed"], counts["Consent Changed"]) == (1, 1)


def test_one_click_on_a_message_without_a_topic_stops_everything(sent) -> None:
    ws, _ = sent
    send(ws, "plain")
    client().post(page(ws, "plain"), **ONE_CLICK)
    assert said() == {"marketing": False}
    assert send(ws, "sale", "offers") == ["c0001"]


def test_looking_shows_the_public_topics_and_changes_nothing(sent) -> None:
    _, path = sent
    Customer.objects.filter(pk="c0000").update(language="zh-CN")
    shown = client().get(path)
    assert client().head(path).status_code == 200
    html = shown.content.decode()
    assert ticked(html) == {"news": True, "offers": True}
    assert "新茶" in html
    assert "Offers" in html  # nobody translated it
    assert "Insiders" not in html
    assert said() == {"marketing": True}
    assert not shown.cookies


def test_a_message_about_a_hidden_topic_shows_that_one_to_who_got_it(sent) -> None:
    ws, _ = sent
    send(ws, "secret", "insiders")
    assert ticked(client().get(page(ws, "secret")).content.decode())["insiders"]


def test_boxes_keep_only_what_changed(sent) -> None:
    ws, path = sent
    answer = client().post(path, {"how": "choose", "topic": ["news", "stranger"]})
    assert answer.status_code == 200
    assert ticked(answer.content.decode()) == {"news": True, "offers": False}
    assert said() == {"marketing": True, "offers": False}
    assert Consent.objects.get(purpose="offers").proof["ip"] == "127.0.0.0"
    assert send(ws, "sale", "offers") == ["c0001"]
    assert drained(ws)["Consent Changed"] == 1


def test_several_changes_at_once_are_an_event_each(sent) -> None:
    ws, path = sent
    client().post(path, {"how": "choose"})
    assert said() == {"marketing": True, "news": False, "offers": False}
    assert drained(ws)["Consent Changed"] == 2


def test_everything_stops_and_one_topic_chosen_later_comes_back_alone(sent) -> None:
    ws, path = sent
    html = client().post(path, {"how": "page"}).content.decode()
    assert ticked(html) == {"news": False, "offers": False}
    assert send(ws, "more-news", "news") == ["c0001"]
    html = client().post(path, {"how": "choose", "topic": "news"}).content.decode()
    assert ticked(html) == {"news": True, "offers": False}
    assert not Suppression.objects.exists()
    assert send(ws, "again", "news") == ["c0000", "c0001"]
    assert send(ws, "sale", "offers") == ["c0001"]
    assert send(ws, "plain") == ["c0001"]
    client().post(path, {"how": "page"})  # and everything once more
    assert send(ws, "last", "news") == ["c0001"]


def test_who_stops_the_topic_between_planning_and_sending_is_not_mailed(sent) -> None:
    ws, path = sent
    campaign(ws, key="late", holdout=0, topic="news")
    campaigns.start(ws, "late")
    planning.plan_step(ws)
    client().post(path, **ONE_CLICK)
    channel = FakeChannel()
    sending.send_step(ws, "test:1", channel=channel)
    assert [envelope.to for envelope in channel.sent] == ["c0001@example.com"]
    refused = Message.objects.select_related("decision").get(campaign__key="late", status="refused")
    fact = next(fact for fact in refused.decision.facts if not fact["holds"])
    assert (refused.reason, fact["detail"]) == ("unsubscribed", {"topic": "news"})


def test_a_yes_to_the_topic_is_enough_where_nobody_was_asked_about_offers(make_workspace) -> None:
    ws = make_workspace(smtp__host="127.0.0.1")
    people(ws, 2, consent=None)
    topics.create(ws, "news", {"en": "New teas"})
    Consent.objects.create(customer_id="c0001", channel="email", purpose="news", granted=True, at=ws.now())
    assert send(ws, "plain") == []
    assert send(ws, "spring", "news") == ["c0001"]


def test_a_later_no_to_everything_from_a_file_stops_the_topic_too(sent) -> None:
    ws, path = sent
    client().post(path, {"how": "choose", "topic": ["news"]})
    later, clock = moving(ws)
    clock.ahead = timedelta(minutes=1)
    Consent.objects.filter(customer="c0000", purpose="marketing").update(granted=False, at=later.now())
    assert send(ws, "more-news", "news") == ["c0001"]


def test_a_campaign_about_an_archived_topic_is_warned_about_and_a_rule_names_topics(sent) -> None:
    from zhiyin.entrypoints.console import segment_words
    from zhiyin.services import checks, segments

    ws, _ = sent
    assert "topic_archived" not in {one.code for one in checks.check(ws, campaigns.get(ws, "spring"))}
    topics.archive(ws, "news")
    assert "topic_archived" in {one.code for one in checks.check(ws, campaigns.get(ws, "spring"))}
    rule = segments.rule_of('consents("email", purpose="news")')
    assert "New teas" in segment_words.sentence(ws, rule)
