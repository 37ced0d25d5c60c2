"""Every page, empty and filled, in both languages; who may see it, and what it says."""

import re

import pytest
from tests.console.small_shop import PASSWORD, client

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import SEGMENT_ENTERED, Event
from zhiyin.services.workspace import Workspace

PAGES = (
    "/", "/overview/weekly", "/customers", "/recommendations", "/data", "/data/import", "/data/rejects",
    "/data/imports", "/data/sources", "/data/sources/new", "/data/live", "/data/live/rows",
    "/settings", "/settings/checks", "/settings/deliverability",
    "/settings/domains", "/settings/channels", "/password", "/segments", "/campaigns", "/campaigns/calendar",
    "/lifecycle", "/features", "/features/orders",
)  # fmt: skip
FILLED = (
    *PAGES, "/customers?q=lin", "/customers?stage=lead", "/customers?q=nobody", "/customers?sort=-revenue",
    "/customers?segment=everybody&consent=yes", "/customers?r=5&f=5", "/customers/c1", "/customers/c2",
    "/customers/c3", "/customers/c1?show=orders", "/recommendations?customer=lin", "/data/sources/files",
    "/data/sources/zhiyin", "/data/live?rejects=1&name=tea", "/data/live/rows?few=1", "/data/rejects?reason=bad_date",
    "/lifecycle?from=2026-01-01&to=2026-02-01", "/lifecycle/flow", "/lifecycle/of/c1",
)  # fmt: skip


def signed_in(language: str = "en") -> object:
    made = client(language)
    assert made.login(username="yue@example.com", password=PASSWORD)
    return made


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_of_an_empty_shop_shows(owned: Workspace, language: str) -> None:
    browser = signed_in(language)
    for page in PAGES:
        assert browser.get(page).status_code == 200, page


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_of_a_filled_shop_shows(filled: Workspace, language: str) -> None:
    browser = signed_in(language)
    for page in FILLED:
        response = browser.get(page)
        assert response.status_code == 200, page
        text = response.content.decode()
        assert "None" not in re.sub(r"<[^>]*>", "", text), page
        if "<html" in text:
            assert text.count("<h1") == 1, page
            assert f'lang="{"en" if language == "en" else "zh-CN"}"' in text, page
            assert (
                len(re.findall(r'<(?:a|button)[^>]*class="btn btn-primary"', text.split("<dialog")[0])) <= 1
            ), page


def test_every_page_needs_the_sign_in(owned: Workspace) -> None:
    for page in (*PAGES, "/customers/c1", "/data/rejects.csv", "/jobs/x"):
        response = client().get(page)
        assert response.status_code == 302, page
        assert response["Location"].startswith("/login"), page


def test_pages_are_kept_by_no_cache_and_run_no_script_of_their_own(filled: Workspace) -> None:
    for page in ("/", "/customers/c1"):
        response = signed_in().get(page)
        assert response["Cache-Control"] == "no-store"
        assert "script-src 'self';" in response["Content-Security-Policy"]
        for script in re.findall(r"<script([^>]*)>", response.content.decode()):
            assert "src=" in script or 'type="application/json"' in script
        assert not re.search(r"\son\w+=", response.content.decode())


def test_the_overview_names_what_needs_somebody(filled: Workspace) -> None:
    text = signed_in().get("/").content.decode()
    assert "1 message with unknown outcome" in text
    assert "1 row rejected" in text


def test_an_unknown_customer_is_an_answer_not_a_crash(filled: Workspace) -> None:
    response = signed_in().get("/customers/nobody")
    assert response.status_code == 404
    assert "There is no customer" in response.content.decode()


def test_contact_data_are_masked_until_shown_and_showing_is_an_event(filled: Workspace) -> None:
    browser = signed_in()
    page = browser.get("/customers/c1").content.decode()
    assert "person1@example.com" not in page
    assert "per•••@example.com" in page
    assert "person1@example.com" in browser.post("/customers/reveal/c1").content.decode()
    from zhiyin.services import ingest

    filled.spool.close()
    ingest.drain(filled)
    assert "Contact data shown" in browser.get("/customers/c1").content.decode()


def test_the_timeline_says_why_somebody_got_nothing(filled: Workspace) -> None:
    text = signed_in().get("/customers/c3").content.decode()
    assert "Not sent: Spring tea" in text
    assert "No consent to offers by e-mail" in text
    assert "Held out: Spring tea" in signed_in().get("/customers/c2").content.decode()


def test_repeated_visits_are_one_line(filled: Workspace) -> None:
    assert "× 2" in signed_in().get("/customers/c1").content.decode()


def test_a_filter_that_leaves_nobody_offers_to_clear_it(filled: Workspace) -> None:
    assert "Clear “nobody”" in signed_in().get("/customers?q=nobody").content.decode()


def test_an_error_in_a_partial_is_a_partial(filled: Workspace) -> None:
    response = signed_in().get("/jobs/unknown", headers={"HX-Request": "true"})
    assert response.status_code == 404
    assert "<html" not in response.content.decode()


def test_a_partial_without_session_leads_to_the_sign_in(owned: Workspace) -> None:
    response = client().get("/overview/weekly", headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert response["HX-Redirect"].startswith("/login")


def test_the_timeline_calls_a_segment_by_its_name(filled: Workspace) -> None:
    event = Event("moved", "track", SEGMENT_ENTERED, filled.now(), "c1", properties={"segment": "everybody"})
    odd = Event("odd", "track", "Chosen", filled.now(), "c1", properties={"segment": ["everybody"]})
    table = events_to_table([event, odd], timezone=filled.timezone, received_at=filled.now())
    filled.lake.append("events", table, app_id="moves", version=1)
    page = signed_in().get("/customers/c1").content.decode()
    timeline = page[page.index('id="timeline"') :]
    assert timeline.count('<a href="/segments/everybody">Everybody</a>') == 1
