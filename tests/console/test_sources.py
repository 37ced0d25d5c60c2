"""Data health, sources and live events in the console: what the pages say, and what their buttons do."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import msgspec
import pytest
from tests.console.small_shop import PASSWORD, client
from tests.console.test_chinese_pages import english

from zhiyin.adapters.records.models import Source, Tally
from zhiyin.services import ingest, live, sources, tallies
from zhiyin.services.workspace import Workspace


def signed_in(language: str = "en") -> object:
    made = client(language)
    assert made.login(username="yue@example.com", password=PASSWORD)
    return made


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


def heading(page: str) -> str:
    return plain(re.search(r"<h1[^>]*>(.*?)</h1>", page, re.S)[1]).strip()


def figures(page: str) -> list[str]:
    return re.findall(r'class="zy-figure">([\d,]+)<', page)


def came(ws: Workspace, source: str, *bodies: dict[str, object]) -> None:
    entry = {"receivedAt": ws.now(), "source": source, "kind": "batch", "body": {"batch": bodies}}
    ws.spool.append([msgspec.json.encode(entry)])
    ws.spool.close()
    ingest.drain(ws)


@pytest.fixture
def busy(filled: Workspace) -> Workspace:
    """The small shop with a source that sent a basket twice, and something that is refused."""
    sources.create(filled, "Web shop", "web", 100)
    basket = {
        "type": "track", "event": "Product Added", "userId": "c1", "messageId": "m1",
        "properties": {"product_id": "oolong", "price": 193},
    }  # fmt: skip
    came(
        filled,
        "Web shop",
        basket,
        basket,
        {"type": "vote", "userId": "c2"},
        {"type": "page", "anonymousId": "v-12345"},
    )
    return filled


def test_the_balance_on_the_page_adds_up(busy: Workspace) -> None:
    page = signed_in().get("/data").content.decode()
    received, kept, duplicates, rejected = (int(text.replace(",", "")) for text in figures(page))
    assert received == kept + duplicates + rejected
    assert "Balanced" in page
    assert heading(page) in ("Data is fine, except from Web shop.", "2 sources need a look.")


def test_what_is_missing_is_said_first(busy: Workspace) -> None:
    row = Tally.objects.get(source="Web shop", outcome="received")
    Tally.objects.filter(pk=row.pk).update(events=row.events + 3)
    page = signed_in().get("/data").content.decode()
    assert heading(page) == "The balance is off by 3."
    assert "Off by 3" in page


def test_reasons_lead_to_the_rejects_and_say_how_to_mend_them(busy: Workspace) -> None:
    row = Source.objects.get()
    browser = signed_in()
    assert 'href="/data/rejects?reason=unknown_type"' in browser.get("/data").content.decode()
    page = unescape(browser.get(f"/data/sources/{row.pk}").content.decode())
    assert 'href="/data/rejects?reason=unknown_type&source=Web%20shop"' in page
    assert "Use track, identify, page, screen, group or alias." in page


def test_the_chart_and_its_table_say_the_same(busy: Workspace) -> None:
    page = signed_in().get("/data").content.decode()
    data = msgspec.json.decode(re.search(r'id="hours-data"[^>]*>(.*?)</script>', page, re.S)[1])
    table = re.search(r'id="hours-table".*?<tbody>(.*?)</tbody>', page, re.S)[1]
    cells = [int(text.replace(",", "")) for text in re.findall(r'<td class="zy-num">([\d,]+)</td>', table)]
    assert len(data["labels"]) == 24
    assert cells == [
        n for hour in zip(data["kept"], data["rejected"], data["before"], strict=True) for n in hour
    ]


def test_what_was_refused_at_the_door_stands_beside_the_balance(busy: Workspace) -> None:
    before = figures(signed_in().get("/data").content.decode())
    tallies.refused(busy, {401: 7})
    page = signed_in().get("/data").content.decode()
    assert "Refused at the door" in page
    assert re.search(r"The key is missing, wrong or revoked 401 7", plain(page))
    assert figures(page) == before


def test_a_source_is_created_and_its_key_shown_once(owned: Workspace) -> None:
    browser = signed_in()
    page = browser.post(
        "/data/sources/new", {"name": "Web shop", "kind": "web", "limit": "50"}
    ).content.decode()
    key = re.search(r'id="fresh-key">(zy_[\w-]+)<', page)[1]
    assert page.count(key) > 3  # the snippets hold it
    row = Source.objects.get()
    assert (sources.find(key), row.kind) == (("Web shop", 50), "web")
    for address in ("/data/sources", f"/data/sources/{row.pk}", "/settings"):
        assert key not in browser.get(address).content.decode()
    assert "YOUR_WRITE_KEY" in browser.get(f"/data/sources/{row.pk}").content.decode()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "Web shop"}, "There is a source 'Web shop' already."),
        ({"name": "zhiyin"}, "A source cannot be named 'zhiyin'."),
        ({"name": "App", "limit": "many"}, "no limit"),
        ({"name": "App", "kind": "fax"}, "There is no kind of source 'fax'."),
    ],
)
def test_a_source_that_cannot_be_made_says_why(owned: Workspace, given: dict[str, str], told: str) -> None:
    sources.create(owned, "Web shop")
    response = signed_in().post("/data/sources/new", given)
    assert response.status_code == 422
    assert told in unescape(response.content.decode())
    chinese = signed_in("zh-hans").post("/data/sources/new", given).content.decode()
    assert english(chinese) == []
    assert Source.objects.count() == 1


def test_a_source_is_renamed_limited_tested_and_revoked(owned: Workspace) -> None:
    row, key = sources.create(owned, "Web shop")
    browser, address = signed_in(), f"/data/sources/{row.pk}"
    assert browser.post(f"{address}/change", {"name": "网店"})["Location"] == address
    assert browser.post(f"{address}/change", {"limit": "1,000"})["Location"] == address
    assert sources.find(key) == ("网店", 1000)
    assert browser.post(f"{address}/change", {"limit": "-1"}).status_code == 422
    assert browser.post(f"{address}/test")["Location"] == "/data/live?source=%E7%BD%91%E5%BA%97"
    ingest.drain(owned)
    assert "Test event" in browser.get("/data/live?source=%E7%BD%91%E5%BA%97").content.decode()
    assert browser.post(f"{address}/revoke")["Location"] == "/data/sources"
    assert sources.find(key) is None
    for action in ("test", "revoke", "change"):
        assert browser.post(f"{address}/{action}").status_code == 404
    page = browser.get(address).content.decode()
    assert "Revoked" in page
    assert "data-zy-open" not in page.split("<main")[1].split("</main>")[0]


def test_sources_that_do_not_exist_are_told(owned: Workspace) -> None:
    for key in ("99", "nothing", "1x", "９"):
        assert signed_in().get(f"/data/sources/{key}").status_code == 404


def test_the_live_stream_names_people_and_leads_to_them(busy: Workspace) -> None:
    page = signed_in().get("/data/live").content.decode()
    assert '<a href="/customers/c1">Lin Xiaoyu</a>' in page
    assert "Oolong" in page
    assert "visitor v-12345" in plain(page)
    assert "Unknown type of event" in page


def test_the_live_stream_is_filtered(busy: Workspace) -> None:
    browser = signed_in()
    only = {
        "rejects=1": ("Unknown type of event", "Added to basket"),
        "name=basket": ("Added to basket", "Page viewed"),
        "name=Product+Added": ("Added to basket", "Page viewed"),
        "person=c1&source=Web+shop": ("Added to basket", "Page viewed"),
        "source=nobody": ("No event among the last 500 matches the filter.", "Added to basket"),
    }
    for query, (there, gone) in only.items():
        rows = browser.get(f"/data/live/rows?{query}").content.decode()
        assert there in rows, query
        assert gone not in rows, query


def test_a_stream_that_stands_still_says_since_when(busy: Workspace) -> None:
    at = busy.now() - timedelta(minutes=30)
    kept = [msgspec.structs.replace(one, came=at, source="Web shop") for one in live.latest(busy)]
    live._write(busy, kept)
    for page in ("/data/live", "/data/live/rows"):
        text = plain(signed_in().get(page).content.decode())
        assert "Nothing has arrived in the last 10 minutes. The last event came at " in text
        assert "from Web shop. Check the tag, or send a test event." in text


def test_a_partial_of_the_stream_is_small(busy: Workspace) -> None:
    basket = {
        "type": "track",
        "event": "Product Added",
        "userId": "c1",
        "properties": {"product_id": "oolong"},
    }
    came(busy, "Web shop", *(basket | {"messageId": f"n{n}"} for n in range(100)))
    assert len(signed_in().get("/data/live/rows").content) < 30_000


def test_pages_of_sources_hold_no_english_in_chinese(busy: Workspace) -> None:
    tallies.refused(busy, {401: 7, 503: 1})
    Source.objects.update(name="网店")
    Tally.objects.filter(source="Web shop").update(source="网店")
    browser = signed_in("zh-hans")
    for address in ("/data", "/data/sources", f"/data/sources/{Source.objects.get().pk}", "/data/live"):
        text = (
            browser.get(address).content.decode().replace("Segment analytics.js", "").replace("Web shop", "")
        )
        assert english(re.sub(r"<pre.*?</pre>", "", text, flags=re.S)) == [], address
