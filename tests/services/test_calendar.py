"""The calendar of sends shows each campaign once, on its day in the shop's zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.services.mailing import campaign, people

from zhiyin.adapters.records.models import Campaign
from zhiyin.domain.errors import BadSetting
from zhiyin.services import calendar, planning, segments
from zhiyin.services.workspace import Workspace

NOW = datetime(2026, 11, 10, 4, tzinfo=UTC)


@pytest.fixture
def ws(workspace: Workspace) -> Workspace:
    return replace(workspace, now=lambda: NOW)


def sends(month: calendar.Month) -> dict[str, list[tuple[str, str, int | None]]]:
    return {
        day.day.isoformat(): [(send.key, send.status, send.recipients) for send in day.sends]
        for week in month.weeks
        for day in week
        if day.sends
    }


def test_a_campaign_stands_on_its_day_in_the_shops_zone_and_a_draft_on_the_day_it_is_meant_for(
    ws: Workspace,
) -> None:
    people(ws, 3)
    segments.refresh(ws, "everyone")
    campaign(
        ws, "meant", send_at=datetime(2026, 11, 10, 16, 30, tzinfo=UTC)
    )  # half past midnight in Shanghai
    campaign(ws, "begun", holdout=0.0)
    campaign(ws, "someday")
    Campaign.objects.filter(key="begun").update(
        status="sending", started_at=NOW, send_at=NOW - timedelta(days=3)
    )
    planning.plan_step(ws)
    month = calendar.month(ws)
    assert sends(month) == {"2026-11-10": [("begun", "sending", 3)], "2026-11-11": [("meant", "draft", 3)]}
    assert month.undated == 1


def test_days_of_the_months_beside_are_shown_but_not_told_of(ws: Workspace) -> None:
    people(ws, 1)
    campaign(ws, "before", send_at=datetime(2026, 10, 26, 2, tzinfo=UTC))  # the Monday of the first week
    assert sends(calendar.month(ws, "2026-11")) == {"2026-10-26": [("before", "draft", 1)]}
    assert calendar.month(ws, "2026-11").to_dict()["days"][0]["day"].isoformat() == "2026-11-11"


@pytest.mark.parametrize(
    ("asked", "setting", "language", "shown"),
    [
        ("", "language", "zh-hans", ["double_11"]),
        ("", "language", "en", ["double_11", "thanksgiving", "black_friday", "cyber_monday"]),
        ("", "none", "en", []),
        ("western", "none", "zh-hans", ["double_11", "thanksgiving", "black_friday", "cyber_monday"]),
    ],
)
def test_occasions_follow_what_is_asked_then_the_setting_then_the_language(
    ws: Workspace, asked: str, setting: str, language: str, shown: list[str]
) -> None:
    settings = replace(
        ws.settings,
        calendar=replace(ws.settings.calendar, occasions=setting),
        shop=replace(ws.settings.shop, language=language),
    )
    month = calendar.month(replace(ws, settings=settings), "2026-11", asked)
    assert [one.key for day in month.days for one in day.occasions] == shown


@pytest.mark.parametrize("asked", ["2026-13", "november", "0000-01", "2026-1", "9999-12"])
def test_what_is_no_month_is_said_so(ws: Workspace, asked: str) -> None:
    with pytest.raises(BadSetting, match="is not a month of the calendar"):
        calendar.month(ws, asked)


def test_the_calendar_ends_where_the_lunar_tables_end(ws: Workspace) -> None:
    assert calendar.month(ws, "1901-01").previous is None
    assert calendar.month(ws, "2099-12").following is None
