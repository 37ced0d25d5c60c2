"""The block editor in a real browser: by pointer, by keys, and on a phone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from tests.browser.conftest import Site, look, serve, too_wide, violations, visit
from tests.console.small_shop import owner
from tests.console.tea_shop import fill

from zhiyin.loop.deliver import blocks
from zhiyin.services import templates
from zhiyin.services.workspace import Workspace

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("ZHIYIN_SHOTS")


@pytest.fixture
def tea_site(workspace: Workspace, quick_hashes: None, chromium: Any) -> Iterator[Site]:
    """A tea shop with a template of its own, served."""
    fill(workspace, 12)
    owner()
    templates.save(
        workspace, key="own", name="Own", subject="Hello", body=templates.blank("en"), language="en"
    )
    yield from serve(workspace, chromium)


def _kinds(page: Any) -> list[str]:
    return [block.kind for block in blocks.parse(page.locator("#id_body").input_value()).blocks]


def _said(page: Any, text: str) -> None:
    page.locator("#said", has_text=text).wait_for(state="attached")


def _shot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_a_template_is_built_of_blocks(tea_site: Site, workspace: Workspace) -> None:
    page = tea_site.page()
    visit(page, f"{tea_site.base}/campaigns/templates/own")
    desktop = page.frame_locator(".zy-desktop iframe")

    # added from the menu, and edited beside the preview
    page.locator("#add-block").click()
    page.get_by_role("button", name="Button", exact=True).click()
    _said(
        page, "Button is block 4 of 4 now" if "footer" not in _kinds(page) else "Button is block 3 of 4 now"
    )
    page.get_by_label("Label").fill("Taste the first flush")
    desktop.get_by_text("Taste the first flush").wait_for()
    assert "Taste the first flush" in page.locator("#id_body").input_value()

    # moved with the keyboard: by its button, and with Alt and an arrow; the focus goes along
    page.locator("#up-2").focus()
    page.keyboard.press("Enter")
    _said(page, "Button is block 2 of 4 now")
    page.wait_for_function("document.activeElement.id === 'up-1'")
    page.keyboard.press("Alt+ArrowDown")
    _said(page, "Button is block 3 of 4 now")
    assert _kinds(page) == ["header", "text", "button", "footer"]

    # dragged
    grip, goal = page.locator("[data-n='2'] .zy-grip"), page.locator("[data-n='0']")
    box = goal.bounding_box()
    grip.hover()
    page.mouse.down()
    page.mouse.move(box["x"] + 30, box["y"] + 12, steps=6)
    page.mouse.move(box["x"] + 30, box["y"] + 4, steps=3)
    page.mouse.up()
    _said(page, "Button is block 1 of 4 now")
    assert _kinds(page) == ["button", "header", "text", "footer"]

    # removed, and back
    page.locator("#remove-block").click()
    _said(page, "Button was removed")
    page.locator("#undo").click()
    _said(page, "It is back")
    assert _kinds(page) == ["button", "header", "text", "footer"]

    # the source changes the blocks; what is wrong in it has its line
    page.locator("#source > summary").click()
    body = page.locator("#id_body").input_value()
    page.fill("#id_body", body.replace("Taste the first flush", "Taste {{ nobody }}"))
    page.get_by_text("there is no variable 'nobody'").wait_for()
    page.fill("#id_body", body.replace("Taste the first flush", "Taste it"))
    page.locator("#blocks", has_text="Taste it").wait_for()
    desktop.get_by_text("Taste it").wait_for()
    assert violations(page) == []
    _shot(page, "editor-1440-en")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved as version 2").wait_for()
    assert "Taste it" in templates.get(workspace, "own").body

    # the same on a phone, dark, in Chinese
    page = tea_site.page(language="zh-hans")
    visit(page, f"{tea_site.base}/campaigns/templates/own")
    look(page, width=390, theme="dark")
    assert too_wide(page) <= 0
    assert violations(page, colours_only=True) == []
    page.locator("#pick-2").click()
    page.locator("#inspector textarea").first.wait_for()
    _shot(page, "editor-390-zh")
    for address in ("/campaigns/templates", "/campaigns/templates/own/versions?after=2"):
        visit(page, f"{tea_site.base}{address}")
        look(page, width=390, theme="dark")
        assert too_wide(page) <= 0, address
        _shot(page, address.rpartition("/")[2].partition("?")[0])
        assert violations(page) == [], address
