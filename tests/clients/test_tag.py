"""The browser tag in a real browser, on a shop's pages of another origin, against a running server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.clients.conftest import Shop, Visits
from tests.clients.story import TRAITS, check, expected, order

pytestmark = pytest.mark.browser


def names(events: list[dict[str, Any]]) -> list[str]:
    """What happened, in order; page views by their path."""
    return [event["properties"]["path"] if event["type"] == "page" else event["event"] for event in events]


def test_a_page_view_says_where_the_visitor_came_from(shop: Shop, visit: Visits) -> None:
    shopper = visit()
    (message,) = shopper.sent_by(
        lambda: shopper.open(
            "/green?utm_source=wechat&utm_campaign=spring#top", referer="https://www.baidu.com/"
        )
    )
    assert message["type"] == "page"
    assert message["context"]["campaign"] == {"source": "wechat", "name": "spring"}
    assert message["context"]["page"] == {
        "path": "/green",
        "referrer": "https://www.baidu.com/",
        "search": "?utm_source=wechat&utm_campaign=spring",
        "title": "/green",
        "url": f"{shopper.site}/green?utm_source=wechat&utm_campaign=spring",
    }
    assert {"userAgent", "locale", "timezone", "library"} < message["context"].keys()
    (event,) = shop.collected(1)
    assert (event["type"], event["customer_id"]) == ("page", None)
    assert event["anonymous_id"] == message["anonymousId"] == shopper.cookies()["zy_id"]
    assert event["event_id"] == message["messageId"]


def test_what_is_sent_needs_no_preflight(shop: Shop, visit: Visits) -> None:
    shopper = visit()
    with shopper.page.expect_request("**/v1/batch") as asked:
        shopper.open("/")
    headers = asked.value.headers
    assert headers["content-type"].startswith("text/plain")
    assert "authorization" not in headers
    assert json.loads(asked.value.post_data)["writeKey"] == shop.key


def test_everything_that_a_page_tells_is_in_the_lake_once(shop: Shop, visit: Visits) -> None:
    who, shopper = "tag-story", visit("data-page='off'")
    shopper.open("/green")
    shopper.run("order => zy.track('Product Viewed')", None)
    stranger = shopper.run("() => document.cookie.match(/zy_id=(\\w+)/)[1]")
    shopper.run("([who, traits]) => zy.identify(who, traits)", [who, TRAITS])
    shopper.run("order => zy.track('Order Completed', order)", order(who))
    shopper.run("() => zy.page('Shop', 'Tea', {url: 'https://tea.example/green'})")
    shopper.run("() => zy.group('acme', {name: 'ACME'})")
    shopper.run("who => zy.alias(who, who + '-before')", who)
    events = shop.collected(6)
    assert {event["anonymous_id"] for event in events} == {stranger}
    for event in events:
        if event["event"] == "Product Viewed":
            event["anonymous_id"] = f"{who}-stranger"
    check(events, who, screen=False, at=None)
    assert len(events) == len(expected(who, screen=False))


def test_calls_before_the_tag_is_there_are_kept(shop: Shop, visit: Visits) -> None:
    shopper = visit(
        before="<script>window.zy = window.zy || []; zy.push(['identify', 'early-bird', {plan: 'gold'}]);"
        "zy.push(['track', 'Banner Seen', {place: 'top'}])</script>"
    )
    shopper.open("/")
    events = shop.collected(3)
    assert names(events) == ["identify", "Banner Seen", "/"]
    assert {event["customer_id"] for event in events} == {"early-bird"}


def test_pages_of_a_single_page_application_are_views_of_their_own(shop: Shop, visit: Visits) -> None:
    shopper = visit()
    shopper.sent_by(lambda: shopper.open("/"))
    shopper.sent_by(lambda: shopper.run("() => history.pushState({}, '', '/tea')"))
    shopper.run("() => history.pushState({}, '', '/tea')")  # the same page once more
    shopper.sent_by(lambda: shopper.run("() => history.go(-2)"))
    events = shop.collected(3)
    assert names(events) == ["/", "/tea", "/"]
    assert [event["properties"].get("referrer", "") for event in events] == [
        "",
        f"{shopper.site}/",
        f"{shopper.site}/tea",
    ]


CLICKS = """
<button data-zy-event="Coupon Opened" data-zy-prop-coupon-code="SPRING"><b id=inner>open</b></button>
<a id=far href="https://elsewhere.example/x?y=1" onclick="event.preventDefault()">far</a>
<a id=file href="/list.pdf?v=2" onclick="event.preventDefault()">list</a>
<a id=near href="/near" onclick="event.preventDefault()">near</a>
<a id=named href="https://elsewhere.example/" data-zy-event="Partner Visited" onclick="event.preventDefault()">p</a>
"""


@pytest.mark.parametrize("auto", ["", "data-auto='outbound downloads'"])
def test_marked_elements_count_and_others_when_switched_on(shop: Shop, visit: Visits, auto: str) -> None:
    shopper = visit(f"data-page='off' {auto}", body=CLICKS)
    shopper.open("/")
    for element in ("#inner", "#far", "#file", "#near", "#named"):
        shopper.page.click(element)
    shopper.page.click("#far", button="right")
    events = shop.collected(4 if auto else 2)
    more = ["Outbound Link Clicked", "File Downloaded"] if auto else []
    assert names(events) == ["Coupon Opened", *more, "Partner Visited"]
    assert events[0]["properties"] == {"coupon_code": "SPRING"}
    assert events[-1]["properties"] == {"url": "https://elsewhere.example/"}
    if auto:
        assert events[1]["properties"] == {"url": "https://elsewhere.example/x?y=1"}
        assert events[2]["properties"] == {"url": f"{shopper.site}/list.pdf?v=2", "extension": "pdf"}


FORM = """
<form id=join action="/join?token=t" data-zy-event="Newsletter Joined" onsubmit="event.preventDefault()">
<input name=email value=yue@example.com> <input name=topic data-zy-field value=green>
<input type=password name=secret data-zy-field value=hidden> <input name=pwd data-zy-field value=hidden>
<input type=checkbox data-zy-field=weekly checked> <input type=radio name=size data-zy-field value=small>
<input type=radio name=size data-zy-field value=large checked> <button>go</button></form>
<form action="/search?q=1" onsubmit="event.preventDefault()"><input name=q value=x><button id=search>go</button></form>
"""


def test_a_form_tells_only_named_fields_and_never_a_password(shop: Shop, visit: Visits) -> None:
    shopper = visit("data-page='off' data-auto='forms'", body=FORM)
    shopper.open("/")
    shopper.page.click("#join button")
    shopper.page.click("#search")
    joined, searched = shop.collected(2)
    assert (joined["event"], searched["event"]) == ("Newsletter Joined", "Form Submitted")
    assert joined["properties"] == {"form": "join", "topic": "green", "weekly": True, "size": "large"}
    assert searched["properties"] == {"form": "/search"}


def test_nothing_is_stored_or_sent_before_consent(shop: Shop, visit: Visits) -> None:
    shopper = visit("data-consent='required'")
    shopper.open("/first")
    shopper.open("/second")  # what the first page held is gone with it
    shopper.run("() => zy.track('Product Viewed')")
    assert (shopper.cookies(), shopper.stored(), shopper.requests) == ({}, {}, [])
    sent = shopper.sent_by(lambda: shopper.run("() => zy.consent(true)"))
    assert [message["type"] for message in sent] == ["page", "track"]
    assert shopper.cookies().keys() == {"zy_id", "zy_consent"}
    shopper.open("/third")  # a yes is remembered
    events = shop.collected(3)
    assert names(events) == ["/second", "Product Viewed", "/third"]
    assert {event["anonymous_id"] for event in events} == {shopper.cookies()["zy_id"]}
    shopper.run("() => zy.consent(false)")
    assert (shopper.cookies(), shopper.stored()) == ({}, {})
    shopper.run("() => zy.track('Unseen')")
    shopper.open("/fourth")
    assert shopper.stored() == {}
    shopper.run("() => zy.consent(true)")
    assert names(shop.collected(4))[3:] == ["/fourth"]


def test_a_no_is_remembered_where_consent_was_not_required(shop: Shop, visit: Visits) -> None:
    shopper = visit()
    shopper.open("/first")
    shop.collected(1)
    shopper.run("() => zy.consent(false)")
    shopper.open("/second")
    assert (shopper.cookies(), shopper.stored()) == ({"zy_consent": "no"}, {})
    shopper.run("() => zy.consent(true)")
    shopper.open("/third")
    assert names(shop.collected(2)) == ["/first", "/third"]


SIGNALS = {"gpc": ("globalPrivacyControl", "true"), "dnt": ("doNotTrack", "'1'")}


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_browser_that_says_no_is_not_tracked_until_its_owner_says_yes(
    shop: Shop, visit: Visits, signal: str
) -> None:
    shopper = visit(
        script="Object.defineProperty(navigator, '{}', {{get: () => {}}})".format(*SIGNALS[signal])
    )
    shopper.open("/first")
    shopper.open("/second")
    assert (shopper.cookies(), shopper.stored(), shopper.requests) == ({}, {}, [])
    shopper.run("() => zy.consent(true)")
    assert names(shop.collected(1)) == ["/second"]


@pytest.mark.parametrize("signal", SIGNALS)
def test_only_do_not_track_can_be_ignored(shop: Shop, visit: Visits, signal: str) -> None:
    shopper = visit(
        "data-dnt='ignore'",
        script="Object.defineProperty(navigator, '{}', {{get: () => {}}})".format(*SIGNALS[signal]),
    )
    shopper.open("/")
    assert shopper.run("() => zy.consent()") is (signal == "dnt")


def test_without_cookies_a_visitor_is_known_for_one_page_only(shop: Shop, visit: Visits) -> None:
    shopper = visit("data-cookieless")
    shopper.open("/first")
    shopper.run("() => zy.track('Product Viewed')")
    assert len(shop.collected(2)) == 2
    shopper.open("/second")
    first, viewed, second = shop.collected(3)
    assert first["anonymous_id"] == viewed["anonymous_id"] != second["anonymous_id"]
    assert (shopper.cookies(), shopper.stored()) == ({}, {})


def test_a_person_is_known_on_later_pages_until_reset(shop: Shop, visit: Visits) -> None:
    shopper = visit("data-page='off'")
    shopper.open("/")
    shopper.run("() => zy.identify('ann')")
    shopper.open("/")
    shopper.run("() => zy.track('As Ann')")
    shopper.run("() => zy.identify('bob')")
    shopper.run("() => { zy.reset(); zy.track('As Nobody') }")
    ann, again, bob, nobody = shop.collected(4)
    assert [event["customer_id"] for event in (ann, again, bob, nobody)] == ["ann", "ann", "bob", None]
    assert ann["anonymous_id"] == again["anonymous_id"]
    assert len({event["anonymous_id"] for event in (ann, bob, nobody)}) == 3


def test_an_event_of_a_page_that_is_left_at_once_counts_once(shop: Shop, visit: Visits) -> None:
    shopper = visit("data-page='off'", body="<a href=/next data-zy-event='Next Clicked'>next</a>")
    shopper.open("/")
    shopper.page.click("a")
    shopper.page.wait_for_url(f"{shopper.site}/next")
    shopper.run("() => zy.track('Arrived')")
    assert names(shop.collected(2)) == ["Next Clicked", "Arrived"]
    # a try that failed on a busy machine leaves its pause behind, and no message
    shopper.page.wait_for_function("() => !Object.keys(localStorage).some((name) => name.startsWith('zy:'))")


def test_a_page_that_is_left_for_good_hands_its_events_over(shop: Shop, visit: Visits) -> None:
    shopper = visit("data-cookieless data-page='off'")
    shopper.open("/")
    shopper.run("() => { zy.track('Last Words'); location.href = 'about:blank' }")
    assert names(shop.collected(1)) == ["Last Words"]


def test_the_queue_is_bounded_and_keeps_the_newest(shop: Shop, visit: Visits) -> None:
    shopper = visit("data-page='off'")
    shopper.refuse(503)
    shopper.open("/")
    shopper.run("() => { for (let n = 0; n < 120; n++) zy.track('n' + n) }")
    shopper.run("() => zy.track('large', {text: 'x'.repeat(40000)})")
    assert len(shopper.waiting()) == 100
    shopper.page.wait_for_function("() => localStorage.zy_pause")
    shopper.accept()
    assert sorted(names(shop.collected(100))) == sorted(f"n{n}" for n in range(20, 120))


def test_tabs_share_what_waits_and_nothing_is_lost_between_them(shop: Shop, visit: Visits) -> None:
    shopper = visit("data-page='off'")
    shopper.refuse(503)
    shopper.open("/")
    first, shopper.page = shopper.page, shopper.new_page()
    shopper.open("/")
    for number in range(4):
        (first, shopper.page)[number % 2].evaluate("n => zy.track('n' + n)", number)
    # tabs may be processes of their own, and then see what others stored a moment later
    shopper.page.wait_for_function(
        "() => Object.keys(localStorage).filter((name) => name.startsWith('zy:')).length === 4"
    )
    shopper.accept()
    first.close()
    assert sorted(names(shop.collected(4))) == ["n0", "n1", "n2", "n3"]


def test_the_server_may_ask_for_a_pause(shop: Shop, visit: Visits) -> None:
    shopper = visit()
    shopper.page.clock.install()
    shopper.refuse(429, {"Retry-After": "40"})
    shopper.open("/first")
    shopper.page.clock.run_for(1000)
    shopper.page.wait_for_function("() => localStorage.zy_pause")
    shopper.accept()
    asked = len(shopper.requests)
    shopper.open("/second")  # the pause holds for all pages
    shopper.page.clock.run_for(35_000)
    assert len(shopper.requests) == asked == 1
    sent = shopper.sent_by(lambda: shopper.page.clock.run_for(10_000))
    assert [message["properties"]["path"] for message in sent] == ["/first", "/second"]
    assert names(shop.collected(2)) == ["/first", "/second"]


def test_a_strict_policy_and_wrong_calls_break_nothing(shop: Shop, visit: Visits) -> None:
    policy = f"default-src 'none'; script-src {shop.base}; connect-src {shop.base}"
    shopper = visit(
        body="<button data-zy-event='Pressed'>go</button>", headers={"Content-Security-Policy": policy}
    )
    shopper.open("/")
    shopper.page.click("button")
    assert names(shop.collected(2)) == ["/", "Pressed"]
    assert shopper.complaints == []
    shopper.run("() => { const loop = {}; loop.loop = loop; zy.track('Loop', loop); zy.push(['nothing']) }")
    assert [text.startswith("zhiyin.js:") for text in shopper.complaints] == [True, True]


def test_a_browser_without_storage_is_served_from_memory(shop: Shop, visit: Visits) -> None:
    shopper = visit(
        "data-page='off'",
        script="for (const name of ['localStorage']) Object.defineProperty(window, name, "
        "{get() { throw new DOMException('no', 'SecurityError') }})",
    )
    shopper.open("/")
    shopper.run("() => zy.track('Seen')")
    assert names(shop.collected(1)) == ["Seen"]
    assert shopper.complaints == []
