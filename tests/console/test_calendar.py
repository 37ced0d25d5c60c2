"""The calendar in the console: a month of sends, and a day that leads to a new campaign on it."""

from __future__ import annotations

from datetime import timedelta

from tests.console.test_sources import heading, plain, signed_in

from zhiyin.adapters.records.models import Campaign
from zhiyin.services.workspace import Workspace


def page(query: str = "", language: str = "en") -> str:
    answer = signed_in(language).get(f"/campaigns/calendar{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_month_answers_first_and_names_its_festivals_in_the_readers_language(filled: Workspace) -> None:
    begun = Campaign.objects.get(key="spring").started_at.astimezone(filled.timezone)
    shown = page(f"?month={begun:%Y-%m}")
    assert heading(shown) == f"1 campaign in {begun:%B %Y}"
    assert "Spring tea" in plain(shown)
    assert "Mid-Autumn Festival" in plain(page("?month=2026-09&occasions=chinese"))
    assert "中秋节" in plain(page("?month=2026-09&occasions=both", "zh-hans"))
    assert "Mid-Autumn" not in plain(page("?month=2026-09&occasions=western"))


def test_a_day_leads_to_a_campaign_that_is_meant_for_it(filled: Workspace) -> None:
    day = (filled.today() + timedelta(days=40)).date()
    assert f'href="/campaigns/new?day={day}"' in page(f"?month={day:%Y-%m}")
    browser = signed_in()
    form = browser.get(f"/campaigns/new?day={day}").content.decode()
    assert f'value="{day}"' in form
    given = {"name": "Autumn", "segment": "everybody", "template": "picks-en", "day": str(day)}
    browser.post("/campaigns/new", given)
    row = Campaign.objects.get(key="autumn")
    assert row.send_at.astimezone(filled.timezone).strftime("%Y-%m-%d %H:%M") == f"{day} 10:00"
    assert row.status == "draft"
    assert f'value="{day}T10:00"' in browser.get("/campaigns/autumn/review").content.decode()
    assert "Autumn" in plain(page(f"?month={day:%Y-%m}"))


def test_a_day_that_is_none_is_no_error(filled: Workspace) -> None:
    assert signed_in().get("/campaigns/new?day=soon").status_code == 200


def test_a_month_that_is_none_is_told_and_unknown_occasions_are_the_usual_ones(filled: Workspace) -> None:
    assert "is not a month of the calendar" in signed_in().get("/campaigns/calendar?month=x").content.decode()
    assert page("?occasions=%00") == page() or heading(page("?occasions=%00")) == heading(page())


def test_no_campaign_takes_the_calendars_address(filled: Workspace) -> None:
    signed_in().post("/campaigns/new", {"name": "Calendar", "segment": "everybody", "template": "picks-en"})
    assert Campaign.objects.get(name="Calendar").key == "calendar-2"
