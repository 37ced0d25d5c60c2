"""Data in a real browser: a source from its key to the first event on the page, and a stream that can be paused."""

from __future__ import annotations

import base64
import json
import urllib.request

import pytest
from tests.browser.conftest import Site, visit

from zhiyin.services import ingest, sources
from zhiyin.services.workspace import Workspace

pytestmark = pytest.mark.browser


def send(site: Site, workspace: Workspace, key: str, name: str) -> None:
    """An event, through the door and the worker."""
    body = json.dumps({"type": "track", "event": name, "userId": "c1"}).encode()
    basic = base64.b64encode(f"{key}:".encode()).decode()
    request = urllib.request.Request(
        f"{site.base}/v1/track", body, {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    workspace.spool.close()
    ingest.drain(workspace)


def test_from_a_new_source_to_its_first_event(filled_site: Site, workspace: Workspace) -> None:
    page = filled_site.page()
    visit(page, f"{filled_site.base}/data")
    page.keyboard.press("n")
    page.wait_for_url(f"{filled_site.base}/data/sources/new")
    page.fill("#source-name", "Web shop")
    page.get_by_role("button", name="Create key").click()
    key = page.locator("#fresh-key").inner_text()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == key
    page.get_by_role("button", name="Send a test event").click()
    page.wait_for_url(f"{filled_site.base}/data/live?source=Web+shop")
    ingest.drain(workspace)
    page.get_by_text("Test event", exact=True).wait_for()
    send(filled_site, workspace, key, "Tea Tasted")
    page.get_by_text("Tea Tasted").wait_for()
    page.get_by_role("link", name="Lin Xiaoyu").click()
    page.wait_for_url(f"{filled_site.base}/customers/c1")


def test_a_paused_stream_stands_still_until_it_goes_on(filled_site: Site, workspace: Workspace) -> None:
    _, key = sources.create(workspace, "Web shop")
    page = filled_site.page()
    visit(page, f"{filled_site.base}/data/live")
    page.get_by_role("button", name="Pause").click()
    send(filled_site, workspace, key, "Tea Tasted")
    go_on = page.get_by_role("button", name="Go on")
    assert go_on.get_attribute("aria-pressed") == "true"
    page.evaluate("htmx.trigger('#stream', 'zy:go')")  # what a tick of its clock would do
    assert page.get_by_text("Tea Tasted").count() == 0
    go_on.click()
    page.get_by_text("Tea Tasted").wait_for()


def test_the_hours_have_a_table_with_the_same_figures(filled_site: Site, workspace: Workspace) -> None:
    _, key = sources.create(workspace, "Web shop")
    send(filled_site, workspace, key, "Tea Tasted")
    page = filled_site.page()
    visit(page, f"{filled_site.base}/data")
    page.wait_for_selector("[data-zy-chart=hours] svg")
    page.get_by_role("button", name="Show as table").click()
    drawn = page.evaluate("JSON.parse(document.getElementById('hours-data').textContent).kept")
    told = page.locator("#hours-table tbody tr td:nth-child(2)").all_inner_texts()
    assert [f"{n:,}" for n in drawn] == told


def test_a_source_is_revoked_after_a_second_thought(filled_site: Site, workspace: Workspace) -> None:
    row, key = sources.create(workspace, "Web shop")
    page = filled_site.page()
    visit(page, f"{filled_site.base}/data/sources/{row.pk}")
    page.get_by_role("button", name="Revoke").click()
    dialog = page.get_by_role("dialog")
    assert page.evaluate("document.activeElement.textContent") == "Keep"  # the safe one has the focus
    dialog.get_by_role("button", name="Revoke").click()
    page.wait_for_url(f"{filled_site.base}/data/sources")
    page.get_by_text("is revoked").wait_for()
    assert sources.find(key) is None
