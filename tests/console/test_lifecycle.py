"""The lifecycle page: what opens a segment, the flow of a period, and what stands there when there is none."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from itertools import pairwise

import pytest
from tests.console.small_shop import PASSWORD, client
from tests.services.test_profiles import happened

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Customer
from zhiyin.domain.event import ORDER_COMPLETED, Event
from zhiyin.domain.flow import Move
from zhiyin.entrypoints.console import flow_drawing
from zhiyin.services import flow, profiles
from zhiyin.services.workspace import Workspace


def get(path: str, language: str = "en") -> str:
    browser = client(language)
    assert browser.login(username="yue@example.com", password=PASSWORD)
    return html.unescape(browser.get(path, headers={"HX-Request": "true"}).content.decode())


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_a_cell_opens_a_new_segment_with_its_rule(filled: Workspace) -> None:
    page = get("/lifecycle")
    r, f = next((cell.r, cell.f) for cell in Customer.objects.filter(r__isnull=False))
    link = next(
        found for found in re.findall(r'href="(/segments/new\?r=[^"]*)"', page) if f"r={r}&f={f}&" in found
    )
    built = get(link)
    assert f"Recency {r}, frequency {f}" in built
    assert re.search(rf"Recency \(1 to 5\) is {r} .*Frequency \(1 to 5\) is {f}", plain(built), re.S)


def test_the_flow_of_the_period_in_the_address_is_asked_for(filled: Workspace) -> None:
    page = get("/lifecycle?from=2026-01-01&to=2026-02-01")
    assert 'hx-get="/lifecycle/flow?from=2026-01-01&to=2026-02-01"' in page
    assert 'value="2026-01-01"' in page


@pytest.mark.parametrize(("language", "known"), [("en", "Known on"), ("zh-hans", "共")])
def test_figures_of_the_flow_are_those_of_the_service(filled: Workspace, language: str, known: str) -> None:
    today = filled.today().date()
    since = today - timedelta(days=60)
    found = flow.flow(filled, since, today)
    page = get(f"/lifecycle/flow?from={since}&to={today}", language)
    assert known in page
    assert page.count("<path") == len(found.moves) > 0
    table = page[page.index('class="zy-table zy-matrix"') :]
    cells = [
        int(cell) for cell in re.findall(r"<td[^>]*>(?:<span[^>]*>)?(\d+)", table[: table.index("</table>")])
    ]
    assert sum(cells[:-7]) == 2 * found.customers  # the cells, and their sums at the right
    assert cells[-7:] == [*list(found.at_second.values())[1:], found.customers]


def test_days_that_cannot_be_are_told_in_place(filled: Workspace) -> None:
    today = filled.today().date()
    assert "lies in the future" in get(f"/lifecycle/flow?from={today}&to={today + timedelta(days=1)}")
    assert "Exchange the two" in get(f"/lifecycle/flow?from={today}&to={today - timedelta(days=1)}")
    assert "is not a day" in get("/lifecycle/flow?from=%3Cb%3E&to=x")
    assert "不是日期" in get("/lifecycle/flow?from=soon&to=x", "zh-hans")
    assert "Nobody changed the stage" in get(f"/lifecycle/flow?from={today}&to={today}")


def test_days_before_everybody_say_so(owned: Workspace) -> None:
    happened(owned, (ORDER_COMPLETED, "ann", 3, 100))
    profiles.run(owned)
    assert "Nobody was known by then" in get("/lifecycle/flow?from=2001-01-01&to=2001-01-02")


def test_the_empty_page_says_what_to_do_next(owned: Workspace) -> None:
    assert "Import customers" in get("/lifecycle")
    Customer.objects.create(customer_id="ann")
    assert "Import orders" in get("/lifecycle")


def test_a_customer_shows_the_history_of_stages(filled: Workspace) -> None:
    assert 'hx-get="/lifecycle/of/c1"' in get("/customers/c1")
    text = plain(get("/lifecycle/of/c1"))
    assert text.startswith("Won back since") or text.startswith("Active since")
    assert "Nothing is known yet" in get("/lifecycle/of/c3")
    assert "There is no customer" in get("/lifecycle/of/nobody")


def test_heights_are_in_proportion_and_no_label_covers_another() -> None:
    moves = (
        Move("not_yet", "lead", 3),
        Move("lead", "lead", 1),
        Move("lead", "new", 995),
        Move("new", "active", 1),
    )
    drawn = flow_drawing.draw(moves)
    assert drawn is not None
    for side in (drawn.left, drawn.right):
        assert sum(place.customers for place in side) == 1000
        tops = [place.middle for place in side]
        assert all(after - before >= 39 for before, after in pairwise(tops))
        assert side[0].top >= 0
        assert side[-1].top + side[-1].height <= drawn.height
    assert next(place.height for place in drawn.left if place.code == "lead") == pytest.approx(239.04)
    assert len(drawn.bands) == len(moves)


@pytest.mark.parametrize("named", ["lifecycle", "features", "features/orders", "stages/c1"])
def test_customers_may_be_called_as_pages_are(filled: Workspace, named: str) -> None:
    Customer.objects.create(customer_id=named, name="Ms. Page", created_at=filled.now())
    assert "Ms. Page" in get(f"/customers/{named}")


def visited(ws: Workspace) -> None:
    """Five visitors; one of them said who it is eight days ago."""
    now = ws.now()
    events = [
        Event(f"v{n}", "page", "page", now - timedelta(days=20), None, f"visitor-{n}") for n in range(5)
    ]
    events.append(Event("named", "identify", "identify", now - timedelta(days=8), "dee", "visitor-0"))
    table = events_to_table(events, timezone=ws.timezone, received_at=now)
    ws.lake.append("events", table, app_id="visitors", version=1)
    profiles.run(ws)


def test_visitors_are_drawn_apart_and_do_not_count_as_customers(filled: Workspace) -> None:
    visited(filled)
    today = filled.today().date()
    since = today - timedelta(days=10)
    found = flow.flow(filled, since, today)
    assert (found.customers, found.visitors, found.named) == (4, 4, 1)
    page = get(f"/lifecycle/flow?from={since}&to={today}")
    customers, _, visitors = page.partition("<details")
    assert customers.count("<path") == len(found.of_customers)
    assert visitors.count("<path") == len(found.of_visitors) == 2
    assert "Visitors without a name: 4" in plain(visitors)
    assert "Anonymous → Lead (Came) 1 20.0%" in plain(visitors)
    assert "Anonymous → Anonymous (Stayed) 4 80.0%" in plain(visitors)
    assert "stage=anonymous" not in page
    table = customers[customers.index('class="zy-table zy-matrix"') :]
    assert ">Anonymous<" not in table[: table.index("<tbody>")]


def test_where_there_are_only_visitors_they_are_shown_at_once(owned: Workspace) -> None:
    visited(owned)
    today = owned.today().date()
    page = get(f"/lifecycle/flow?from={today - timedelta(days=30)}&to={today - timedelta(days=10)}")
    assert re.search(r"<details[^>]* open>", page)
    assert "No customer was known on" in page
    assert "Not known yet → Anonymous" in plain(page)


@pytest.mark.parametrize(("language", "words"), [("en", "Anonymous 4"), ("zh-hans", "匿名访客 4")])
def test_the_page_counts_visitors_beside_the_customers(filled: Workspace, language: str, words: str) -> None:
    visited(filled)
    assert 'hx-get="/lifecycle/visitors"' in get("/lifecycle", language)
    assert plain(get("/lifecycle/visitors", language)).startswith(words)


def test_the_history_begins_with_the_visitor(filled: Workspace) -> None:
    visited(filled)
    text = plain(get("/lifecycle/of/dee"))
    assert text.startswith("Lead since")
    assert "Anonymous visitor since" in text
