"""Rejects in the console: found, looked at, repaired and taken in again, or given up."""

from __future__ import annotations

import html
from typing import Any

import msgspec
import pytest
from tests.console.small_shop import PASSWORD, client
from tests.console.test_data import finish

from zhiyin.services import ingest, rejects
from zhiyin.services.workspace import Workspace


def signed_in() -> Any:
    made = client()
    assert made.login(username="yue@example.com", password=PASSWORD)
    return made


def order(number: int, **changes: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order Completed", "userId": f"c{number}", "messageId": f"m{number}",
            "properties": {"total": -number}} | changes  # fmt: skip


@pytest.fixture
def refused(owned: Workspace) -> Workspace:
    """A shop with eleven negative amounts, one of them a discount, and one payload without a name."""
    payloads = [
        *(order(number) for number in range(1, 11)),
        order(11, properties={"total": 5, "products": [{"product_id": "<b>", "price": -1}]}),
        {"type": "track", "userId": "c12", "messageId": "m12", "properties": {"name": "Tea Brewed"}},
    ]
    entry = {"receivedAt": owned.now(), "source": "web", "kind": "batch", "body": {"batch": payloads}}
    owned.spool.append([msgspec.json.encode(entry)])
    owned.spool.close()
    ingest.drain(owned)
    return owned


def text(browser: Any, address: str) -> str:
    response = browser.get(address)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_reasons_stand_with_their_counts_and_hints(refused: Workspace) -> None:
    page = text(signed_in(), "/data/rejects")
    assert "12 rejects wait to be looked at" in page
    assert "Send money given back as Order Refunded with a positive amount." in page
    assert 'href="/data/rejects?reason=negative_price"' in page


def test_a_reason_shows_a_sample_with_the_field_marked_and_what_would_repair_it(refused: Workspace) -> None:
    page = text(signed_in(), "/data/rejects?reason=negative_price")
    assert "The price is negative: 11 rejects" in page
    assert page.count('<mark class="zy-mono">-') == 10
    assert "Treat negative amounts as refunds" in page
    assert "repairs 10 of 11" in page
    assert "repairs 11 of 11" in page  # without the minus


def test_apply_and_replay_moves_the_balance(refused: Workspace) -> None:
    browser = signed_in()
    before = text(browser, "/data/rejects?reason=negative_price")
    assert before.index("Kept") < before.index('<p class="zy-figure">12</p><p class="zy-note">kept with')
    form = {"reason": "negative_price", "rule": "refund"}
    response = browser.post("/data/rejects/replay", form)
    assert response["Location"] == "/data/rejects?reason=negative_price"
    finish()
    page = text(browser, "/data/rejects?reason=negative_price&sent=10&kept=10&back=0")
    assert "10 of 10 are events now." in page
    assert "The price is negative: 1 reject" in page
    assert '<p class="zy-figure">10</p><p class="zy-note">in events' in page
    assert '<p class="zy-figure">2</p><p class="zy-note">kept with' in page


def test_a_rule_of_ones_own_is_tried_before_it_is_applied(refused: Workspace) -> None:
    browser = signed_in()
    own = {"reason": "missing_field", "do": "copy", "field": "event", "to": "properties.name"}
    response = browser.post("/data/rejects/replay", own | {"try": "1"})
    page = text(browser, response["Location"])
    assert "This rule would repair 1 of 1; 0 would be refused again." in page
    assert 'value="properties.name"' in page
    assert rejects.total(refused) == 12
    browser.post("/data/rejects/replay", own)
    finish()
    assert rejects.total(refused) == 11
    assert ingest.counts(refused) == {"Tea Brewed": 1}


@pytest.mark.parametrize(
    "form", [{"rule": "nonsense"}, {"do": "set", "field": "a..b", "to": "1"}, {"do": "set", "field": ""}]
)
def test_a_rule_that_is_none_is_told_and_nothing_changes(refused: Workspace, form: dict[str, str]) -> None:
    browser = signed_in()
    response = browser.post("/data/rejects/replay", {"reason": "negative_price"} | form)
    page = text(browser, response["Location"])
    assert "There is no rule" in page or "is no path" in page
    assert rejects.total(refused) == 12


def test_discarding_deletes_what_the_filter_finds(refused: Workspace) -> None:
    browser = signed_in()
    response = browser.post("/data/rejects/discard", {"reason": "missing_field"})
    assert "1 reject was deleted." in text(browser, response["Location"])
    assert rejects.total(refused) == 11


def test_looking_changes_nothing(refused: Workspace) -> None:
    browser = signed_in()
    assert browser.get("/data/rejects/discard").status_code == 405
    assert browser.get("/data/rejects/replay").status_code == 405


def test_rejects_are_found_by_text_source_and_time(refused: Workspace) -> None:
    browser = signed_in()
    assert "1 reject waits" in text(browser, "/data/rejects?q=c12")
    assert "12 rejects wait" in text(browser, "/data/rejects?source=web&since=1")
    assert "Nothing fits this filter." in text(browser, "/data/rejects?source=files")


def test_rows_of_files_lead_back_to_the_file(filled: Workspace) -> None:
    row = rejects.list_(filled)[1][0]
    browser = signed_in()
    address = f"/data/rejects?reason={row['reason']}&import={row['import_id']}"
    page = text(browser, address)
    assert "Rows in the columns of the file" in page
    assert "Apply and replay" not in page
    lines = browser.get(f"/data/rejects.csv?import={row['import_id']}&as=rows").content.decode("utf-8-sig")
    assert "reason" not in lines.splitlines()[0]
