"""The segment builder in a real browser: every kind of condition, by keyboard, form and text together."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.browser.conftest import STILL, Site, look, too_wide, violations, visit

from zhiyin.entrypoints.console import segment_kinds
from zhiyin.loop.profile.segment_text import parse
from zhiyin.services import segments
from zhiyin.services.workspace import Workspace

pytestmark = pytest.mark.browser
MENU = "#segment-builder > .zy-adders summary"


def count(page: Any) -> int:
    return int(page.locator(".zy-result-figure strong").inner_text().replace(",", ""))


def add(page: Any, offer: int) -> None:
    """Add a condition by the menu, the first of them being 0."""
    before = page.locator(".zy-condition").count()
    page.locator(MENU).click()
    page.locator("#segment-builder > .zy-adders .zy-menu button").nth(offer).click()
    page.locator(".zy-condition").nth(before).wait_for()
    page.evaluate(STILL)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_kind_fits_and_breaks_no_rule(filled_site: Site, language: str) -> None:
    page = filled_site.page(language=language)
    visit(page, f"{filled_site.base}/segments/new")
    offers = sum(len(group.offers) for group in segment_kinds.menu())
    for offer in range(offers):
        add(page, offer)
    assert page.locator(".zy-condition").count() == 1 + offers
    page.locator("#segment-as-text summary").click()
    # what is under a bar that stays can be scrolled from under it, which axe does not do
    page.evaluate(
        "for (const bar of document.querySelectorAll('.zy-bottom, .zy-top')) bar.style.position = 'static'"
    )
    found: list[tuple[object, ...]] = []
    for width, theme in ((1440, "light"), (390, "light"), (320, "light"), (1440, "dark")):
        page.locator(
            MENU
        ).click()  # open, closed, open, closed: on the phone it hides targets, which axe minds
        look(page, width=width, theme=theme)
        if (wide := too_wide(page)) > 0:
            found.append((width, f"{wide} px too wide"))
        if width > 320:
            found += [
                (width, theme, *violation) for violation in violations(page, colours_only=theme == "dark")
            ]
    assert found == []


def test_a_segment_is_built_by_keyboard_alone(filled_site: Site, filled: Workspace) -> None:
    from playwright.sync_api import expect

    page = filled_site.page()
    visit(page, f"{filled_site.base}/segments/new")
    page.locator(MENU).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert not page.locator("#segment-builder > .zy-adders .zy-menu").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#slot-1-event").wait_for()
    page.evaluate(STILL)
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Condition 2"
    page.keyboard.press("Tab")
    for _ in range(20):  # letters would have to come fast enough for the browser to read them as one word
        if page.input_value("#slot-1-event") == "Product Viewed":
            break
        page.keyboard.press("ArrowDown")
        page.evaluate(STILL)  # else the next request takes the place of this one, which htmx complains of
    expect(page.locator("#segment-text")).to_have_value(re.compile("Product Viewed"), timeout=120_000)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("2")
    expect(page.locator("#segment-text")).to_have_value(re.compile("at_least=2"), timeout=120_000)
    page.evaluate(STILL)
    rule = 'did("Order Completed") and did("Product Viewed", at_least=2)'
    assert parse(page.input_value("#segment-text")) == parse(rule)
    assert count(page) == segments.count(filled, rule).count == 1
    page.locator("#segment-name").focus()
    page.keyboard.type("Lookers")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{filled_site.base}/segments/lookers")


def test_the_menu_opens_below_its_button_on_the_phone(filled_site: Site) -> None:
    page = filled_site.page()
    visit(page, f"{filled_site.base}/segments/new")
    look(page, width=390)
    page.locator(MENU).click()
    button, menu = (
        page.locator(MENU).bounding_box(),
        page.locator("#segment-builder .zy-menu").last.bounding_box(),
    )
    assert 0 <= menu["y"] - (button["y"] + button["height"]) < 20
    assert menu["x"] + menu["width"] <= 390


def test_form_and_text_follow_each_other(filled_site: Site) -> None:
    page = filled_site.page()
    visit(page, f"{filled_site.base}/segments/new")
    page.get_by_role("link", name="As text").click()
    assert page.evaluate("document.activeElement.id") == "segment-text"
    page.fill("#segment-text", 'orders >= 1 and city in ["Shanghai"')
    page.locator("#segment-error mark").wait_for()
    assert page.locator("#slot-0-event").is_visible()  # the form stays as it was
    page.locator("#segment-text").press_sequentially("]")
    page.locator("#slot-1-operator").wait_for()
    page.evaluate(STILL)
    assert page.locator("#segment-error").inner_text() == ""
    assert page.evaluate("document.activeElement.id") == "segment-text"
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.fill("#slot-0-value", "2")
    page.evaluate(STILL)
    assert page.input_value("#segment-text") == 'orders >= 2 and city in ["Shanghai"]'
    deep = "orders >= 1 or (r == 1 and (f == 1 or (m == 1 and r == 2)))"
    page.fill("#segment-text", deep)
    page.get_by_text("This rule says more than the form shows").wait_for()
    page.fill("#segment-name", "Deep")
    page.get_by_role("button", name="Save segment").click()
    page.wait_for_url(f"{filled_site.base}/segments/deep")
    assert parse(page.input_value("#segment-text")) == parse(deep)
    assert page.locator("#segment-as-text").get_attribute("open") is not None
