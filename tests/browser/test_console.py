"""The console in a real browser: quiet, on one host, accessible, within the window, usable by keyboard."""

from __future__ import annotations

import pytest
from tests.browser.conftest import STILL, Site, look, too_wide, violations, visit
from tests.console.small_shop import PASSWORD

from zhiyin.services import ingest, sending_domain, sources, tallies
from zhiyin.services.workspace import Workspace

pytestmark = pytest.mark.browser

PAGES = (
    "/", "/customers", "/customers?q=nobody", "/customers/c1", "/customers/c3", "/lifecycle", "/recommendations",
    "/recommendations/compare", "/recommendations/catalogue", "/recommendations/training",
    "/data",
    "/data/import", "/data/rejects", "/data/imports", "/data/sources", "/data/sources/new", "/data/sources/1",
    "/data/sources/files", "/data/live", "/data/live?source=nobody", "/settings", "/settings/deliverability",
    "/settings/domains", "/settings/channels", "/password", "/campaigns/calendar?month=2026-03&occasions=both",
    "/features", "/features/orders", "/features/email",
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_fit_every_window_and_break_no_rule_of_accessibility(
    filled_site: Site, workspace: Workspace, language: str
) -> None:
    sources.create(workspace, "A web shop with a name that is rather long")
    for _ in range(2):
        sources.test(workspace, "A web shop with a name that is rather long")
    ingest.drain(workspace)
    sending_domain.add(workspace, "a-rather-long-name-of-a-shop.example.com")
    tallies.refused(workspace, {401: 3, 503: 1})
    page = filled_site.page(language=language)
    found: list[tuple[object, ...]] = []
    for path in PAGES:
        visit(page, filled_site.base + path)
        for theme in ("light", "dark") if language == "en" else ("light",):
            look(page, theme=theme)
            found += [
                (path, theme, *violation) for violation in violations(page, colours_only=theme == "dark")
            ]
        for width in (1440, 390, 320):
            look(page, width=width)
            if (wide := too_wide(page)) > 0:
                found.append((path, width, f"{wide} px too wide"))
    assert found == []


def test_the_first_visit_by_keyboard_leads_to_the_first_step(site: Site) -> None:
    page = site.page(signed_in=False)
    visit(page, f"{site.base}/")
    assert page.url == f"{site.base}/welcome"
    page.keyboard.type("Yue Chen")
    page.keyboard.press("Tab")
    page.keyboard.type("yue@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.base}/")
    assert page.inner_text("h1").endswith("Start with your data.")
    assert page.get_by_role("link", name="Import files").first.is_visible()


def test_keys_lead_through_the_console(filled_site: Site) -> None:
    page = filled_site.page(signed_in=False)
    page.goto(f"{filled_site.base}/login")
    page.keyboard.type("yue@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{filled_site.base}/")
    page.evaluate(STILL)
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url(f"{filled_site.base}/customers")
    page.evaluate(STILL)
    page.keyboard.press("/")
    page.keyboard.type("Lin")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{filled_site.base}/customers?q=Lin")
    page.evaluate(STILL)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0


def test_the_theme_is_kept(filled_site: Site) -> None:
    page = filled_site.page()
    visit(page, f"{filled_site.base}/")
    page.get_by_role("button", name="Light or dark").click()
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"


def test_the_chart_has_a_table_with_the_same_figures(filled_site: Site) -> None:
    page = filled_site.page()
    visit(page, f"{filled_site.base}/")
    page.wait_for_selector("#weekly-chart svg")
    page.get_by_role("button", name="Show as table").click()
    assert page.locator("#weekly-table").is_visible()
    assert not page.locator("#weekly-chart").is_visible()
    drawn = page.evaluate("JSON.parse(document.getElementById('weekly-data').textContent).values")
    told = page.locator("#weekly-table tbody td:last-child").all_inner_texts()
    assert [f"¥{value / 100:,.2f}" for value in drawn] == told


def test_the_decision_opens_in_place(filled_site: Site) -> None:
    page = filled_site.page()
    visit(page, f"{filled_site.base}/customers/c3")
    page.get_by_text("Why not?").click()
    assert page.get_by_text("Chosen by chance:").is_visible()
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_text("person3@example.com").wait_for()


def test_a_first_visit_weighs_little(filled_site: Site) -> None:
    page = filled_site.page()
    visit(page, f"{filled_site.base}/customers")
    page.wait_for_load_state("networkidle")
    weight = page.evaluate(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".reduce((sum, entry) => sum + entry.encodedBodySize, 0)"
    )
    assert weight < 230_000
