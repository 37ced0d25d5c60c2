"""The pages of messages and of links: found again, shown as sent, and who clicked where."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from tests.console.small_shop import PASSWORD, client, owner
from tests.services.mailing import campaign, moving, people

from zhiyin.adapters.records.models import Message, Segment, Suppression
from zhiyin.domain.event import EMAIL_LINK_CLICKED, Event
from zhiyin.services import (
    addressed,
    campaigns,
    copies,
    ingest,
    planning,
    programs,
    segments,
    sending,
    templates,
)
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
TEA = "https://shop.example/tea?a=1&b=2"
ORDER = "<mjml><mj-body><mj-raw>Order {{ data.number }}</mj-raw></mj-body></mjml>"


@pytest.fixture
def shop(make_workspace: Any, quick_hashes: None) -> Workspace:
    """Six customers who got a campaign two hours ago; one refused, one clicked, and a machine followed everything."""
    ws = make_workspace(smtp__host="127.0.0.1", sender__email="shop@example.com")
    owner()
    earlier, clock = moving(ws)
    clock.ahead = timedelta(hours=-2)
    people(earlier, 6)
    Suppression.objects.create(
        channel="email", address="c0005@example.com", reason="hard_bounce", at=ws.now()
    )
    campaign(earlier, holdout=0.0)
    campaigns.start(earlier, "spring")
    planning.plan_step(earlier)
    templates.save(ws, key="receipt", name="Receipt", subject="Order {{ data.number }}", body=ORDER)
    receipt = programs.of(ws, "transactional:receipt")
    addressed.plan(earlier, receipt, "guest@example.org", occurrence="1", data={"number": "1042"})
    while sending.send_step(earlier, "test:1", channel=FakeChannel()):
        pass
    tokens = dict(Message.objects.values_list("customer_id", "token"))
    ingest.record(
        ws,
        [
            _clicked(earlier, tokens["c0000"], "c0000", 300, f"{TEA}&utm_source=newsletter"),
            _clicked(earlier, tokens["c0001"], "c0001", 300, f"{TEA}&utm_source=newsletter", method="HEAD"),
        ],
    )
    ws.spool.close()
    ingest.drain(ws)
    return ws


def _clicked(ws: Workspace, token: str, who: str, after: float, url: str, method: str = "GET") -> Event:
    return Event(
        event_id=f"click:{token}",
        type="track",
        name=EMAIL_LINK_CLICKED,
        timestamp=ws.now() + timedelta(seconds=after),
        customer_id=who,
        source="zhiyin",
        campaign="spring",
        properties={"token": token, "step": "send", "url": url, "user_agent": BROWSER, "method": method},
    )


@pytest.fixture
def browser(shop: Workspace) -> Any:
    made = client("en")
    assert made.login(username="yue@example.com", password=PASSWORD)
    return made


def _page(browser: Any, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 7),
        ("q=c0001", 1),
        ("q=C0001@example.com", 1),
        ("q=guest@example.org", 1),
        ("q=nobody@example.org", 0),
        ("status=refused", 1),
        ("program=transactional", 1),
        ("program=campaign:spring", 6),
        ("since=2020-01-01&until=2020-01-02", 0),
        ("since=2020-01-01", 7),
        ("since=soon&status=%00&page=x", 7),
    ],
)
def test_messages_are_found_by_whom_and_what_and_when(browser: Any, query: str, found: int) -> None:
    page = _page(browser, f"/messages?{query}")
    assert len(re.findall(r'href="/messages/[0-9a-f]{32}"', page)) == found


def test_a_message_is_shown_as_it_was_sent_and_looking_is_no_opening(shop: Workspace, browser: Any) -> None:
    row = Message.objects.get(customer_id="c0000")
    page = _page(browser, f"/messages/{row.token}")
    assert "Hello C0000" in page
    frame = unescape(re.search(r'<iframe[^>]*sandbox=""[^>]*srcdoc="([^"]*)"', page)[1])
    assert "Dear C0000" in frame
    assert "/t/o/" not in frame
    answer = browser.get(f"/messages/{row.token}/source.eml")
    assert answer.content == copies.raw(shop, row.token)
    assert answer["Content-Type"] == "message/rfc822"
    assert "/t/o/" in _html(shop, row.token)


def _html(ws: Workspace, token: str) -> str:
    import email
    from email import policy

    message = email.message_from_bytes(copies.get(ws, token), policy=policy.default)
    return str(message.get_body(("html",)).get_content())


def test_what_was_refused_says_why_and_has_nothing_to_show(browser: Any) -> None:
    row = Message.objects.get(customer_id="c0005")
    page = _page(browser, f"/messages/{row.token}")
    assert "nothing to see" in page
    assert "hard_bounce" not in page  # in words
    assert browser.get(f"/messages/{row.token}/source.eml").status_code == 404
    assert browser.get("/messages/unknown").status_code == 404


def test_a_stranger_has_a_page_too(browser: Any) -> None:
    row = Message.objects.get(program="transactional:receipt")
    page = _page(browser, f"/messages/{row.token}")
    assert "guest@example.org" in page
    assert "Order 1042" in page
    assert "Open customer" not in page


def test_messages_are_for_those_who_signed_in(shop: Workspace) -> None:
    row = Message.objects.first()
    for address in ("/messages", f"/messages/{row.token}", f"/messages/{row.token}/source.eml"):
        assert client("en").get(address).status_code == 302


def test_the_click_map_counts_people_and_keeps_machines_apart(browser: Any) -> None:
    page = _page(browser, "/campaigns/spring?tab=links")
    frame = unescape(re.search(r'<iframe[^>]*sandbox=""[^>]*srcdoc="([^"]*)"', page)[1])
    assert re.search(r">100%</span></span><a[^>]*shop\.example/tea", frame)
    cells = re.findall(r'<td class="zy-num[^"]*">([^<]*)</td>', page)
    assert cells[-4:] == ["1", "100%", "1", "1"]


def test_who_clicked_becomes_a_segment(shop: Workspace, browser: Any) -> None:
    page = _page(browser, "/campaigns/spring?tab=links")
    (link,) = re.findall(r'href="(/campaigns/spring/clicks\?url=[^"]+)"', page)
    listed = _page(browser, unescape(link))
    assert "1 customer followed this link" in listed
    assert "C0000" in listed
    assert "C0001" not in listed
    url = unescape(re.search(r'name="url" value="([^"]*)"', listed)[1])
    from zhiyin.services import engagements

    engagements.settle(shop)
    shop.spool.close()
    ingest.drain(shop)
    assert browser.get("/campaigns/spring/clicks")["Location"] == "/campaigns/spring?tab=links"
    answer = browser.post("/campaigns/spring/clicks/segment", {"url": url, "name": "Tea clickers"})
    row = Segment.objects.get(name="Tea clickers")
    assert answer["Location"] == f"/segments/{row.key}"
    assert segments.members(shop, row.rule) == ["c0000"]
