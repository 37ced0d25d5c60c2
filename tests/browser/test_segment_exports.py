"""The menu of exports and the page of a match list in a real browser: by keyboard, accessible, within the window."""

from __future__ import annotations

import pytest
from tests.browser.conftest import Site, look, too_wide, violations, visit

from zhiyin.services import segments
from zhiyin.services.workspace import Workspace

pytestmark = pytest.mark.browser


def test_the_menu_of_exports_is_used_by_keyboard(filled_site: Site, workspace: Workspace) -> None:
    segments.create(workspace, "all", "All", "everyone")
    page = filled_site.page()
    visit(page, f"{filled_site.base}/segments/all/members")
    page.locator(".zy-drop summary").focus()
    page.keyboard.press("Enter")
    assert page.locator(".zy-drop").get_attribute("open") is not None
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert page.locator(".zy-drop").get_attribute("open") is None
    assert page.evaluate("document.activeElement.closest('.zy-drop') !== null")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "segment-all.csv"
    page.get_by_role("link", name="Match list for Google Ads").click()
    page.wait_for_url("**/lists/match-google")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the list").click()
    assert download.value.suggested_filename == "match-google-all.csv"
    assert filled_site.complaints == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_menu_and_the_list_fit_every_window_and_break_no_rule(
    filled_site: Site, workspace: Workspace, language: str
) -> None:
    segments.create(workspace, "all", "All", "everyone")
    page = filled_site.page(language=language)
    found: list[tuple[object, ...]] = []
    for path in ("/segments/all/members", "/segments/all/lists/match-tencent"):
        visit(page, filled_site.base + path)
        for width in (1440, 390, 320):
            look(page, width=width)
            if menu := page.query_selector(".zy-drop"):
                menu.evaluate("one => { one.open = true; }")
            found += [(path, width, *violation) for violation in violations(page)]
            if (wide := too_wide(page)) > 0:
                found.append((path, width, f"{wide} px too wide"))
    assert found == []
