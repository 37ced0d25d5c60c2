"""From a segment to a sent and measured campaign in a real browser, and what its pages look like on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.browser.conftest import Site, look, serve, too_wide, violations, visit
from tests.console.small_shop import owner
from tests.console.tea_shop import fill
from tests.console.test_campaigns import LETTER, letters
from tests.services.mailing import Server

from zhiyin.adapters.records.models import Message
from zhiyin.services import campaigns, reviews, segments, sending
from zhiyin.services.workspace import Workspace

__all__ = ["letters"]  # the fixture, from the tests without a browser
pytestmark = pytest.mark.browser


@pytest.fixture
def tea(make_workspace: Callable[..., Workspace], letters: Server, quick_hashes: None) -> Workspace:
    """Sixty customers and a mail server."""
    workspace = make_workspace(
        smtp__host="127.0.0.1",
        smtp__port=letters.port,
        smtp__security="none",
        sender__email="hello@shop.example",
        shop__address="1 Road",
    )
    fill(workspace, 60)
    owner()
    return workspace


@pytest.fixture
def tea_site(tea: Workspace, chromium: Any) -> Iterator[Site]:
    """The tea shop, served."""
    yield from serve(tea, chromium)


def count(page: Any) -> int:
    return int(page.locator(".zy-result-figure strong").inner_text().replace(",", ""))


def test_from_a_segment_to_a_sent_campaign(tea_site: Site, tea: Workspace, letters: Server) -> None:
    page = tea_site.page()

    # a segment, counted while it is made
    visit(page, f"{tea_site.base}/segments/new")
    before = count(page)
    page.get_by_text("Condition", exact=True).last.click()
    page.get_by_role("button", name="Trait or figure").click()
    page.locator("#slot-1-trait").wait_for()
    page.select_option("#slot-1-trait", "city")
    page.wait_for_selector("#slot-1-value option[value='上海']", state="attached")
    page.select_option("#slot-1-value", "上海")
    expected = segments.count(tea, 'did("Order Completed") and city == "上海"').count
    page.locator(".zy-result-figure strong", has_text=re.compile(f"^{expected}$")).wait_for()
    assert expected < before
    assert page.locator("#left-1").inner_text() == str(expected)
    page.get_by_role("button", name="Why in").first.click()
    page.wait_for_selector("#segment-why .zy-checks")
    page.fill("#segment-name", "Shanghai tea")
    page.get_by_role("button", name="Save segment").click()
    page.wait_for_url(f"{tea_site.base}/segments/shanghai-tea")

    # a campaign from a template
    visit(page, f"{tea_site.base}/campaigns/new?segment=shanghai-tea")
    page.fill("#id_name", "First flush")
    page.locator("input[name=template]").first.check()
    page.get_by_role("button", name="Write the message").click()
    page.wait_for_url(f"{tea_site.base}/campaigns/first-flush/compose")

    # the preview follows the typing, and a mistake names its line
    page.locator("#source > summary").click()
    page.fill("#id_body", LETTER.replace("Dear", "Good day"))
    phone = page.frame_locator(".zy-phone iframe")
    phone.get_by_text("Good day").wait_for()
    page.fill("#id_body", LETTER.replace("customer.name", "customer.nickname"))
    page.get_by_role("button", name="Go to line 2").click()
    assert page.evaluate("document.activeElement.id") == "id_body"
    page.fill("#id_body", LETTER)
    phone.get_by_text("Dear").wait_for()

    # a test, then the review, then sending
    page.get_by_role("button", name="Send me a test").click()
    page.fill("#id_to", "me@shop.example")
    page.get_by_role("dialog").get_by_role("button", name="Send a test").click()
    page.get_by_text("The mail server took the test for me@shop.example.").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Review").click()
    page.wait_for_url(f"{tea_site.base}/campaigns/first-flush/review")
    receives = reviews.review(tea, "first-flush").will_receive
    page.get_by_role("button", name=f"Send to {receives}").click()
    page.wait_for_url(f"{tea_site.base}/campaigns/first-flush")
    page.wait_for_selector("#progress")
    sending.run_until_done(tea, "first-flush")
    page.wait_for_selector("#accounted")  # the page notices by itself that sending is over

    figures = [
        int(text.replace(",", "")) for text in page.locator("#accounted .zy-account-figure").all_inner_texts()
    ]
    assert sum(figures) == Message.objects.count() == expected
    assert letters.received()["me@shop.example"] == 1
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_role("link", name="Why", exact=True).first.click()
    page.wait_for_selector("#answer")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_of_the_flow_fits_and_breaks_no_rule(
    tea_site: Site, tea: Workspace, language: str
) -> None:
    segments.create(
        tea,
        "tea",
        "Tea",
        'did("Order Completed", where=[category == "Tea"]) and (city == "上海" or points >= 9)',
    )
    segments.refresh(tea, "tea")
    for key in ("draft", "sent"):
        campaigns.create(
            tea, key=key, name=f"Tea, {key}", segment="tea", subject="Tea", body=LETTER, seed="spring"
        )
    campaigns.start(tea, "sent")
    sending.run_until_done(tea, "sent")
    paths = (
        "/segments", "/segments/new", "/segments/tea", "/segments/tea/members", "/campaigns", "/campaigns/new",
        "/campaigns/draft/compose", "/campaigns/draft/review", "/campaigns/sent", "/campaigns/sent?tab=delivery",
        "/campaigns/sent?tab=links", "/campaigns/sent?tab=people", "/campaigns/sent?tab=content",
        "/campaigns/sent/people/c08",
    )  # fmt: skip
    page = tea_site.page(language=language)
    found: list[tuple[object, ...]] = []
    for path in paths:
        visit(page, tea_site.base + path)
        if page.locator("h1").count() != 1 or page.locator(".btn-primary:not(dialog *)").count() > 1:
            found.append((path, "one h1, at most one filled button"))
        for width, theme in ((1440, "light"), (1440, "dark"), (390, "light"), (320, "light")):
            look(page, width=width, theme=theme)
            if (wide := too_wide(page)) > 0:
                found.append((path, width, f"{wide} px too wide"))
            if width > 320:
                found += [
                    (path, width, theme, *violation)
                    for violation in violations(page, colours_only=theme == "dark")
                ]
    assert found == []
