"""Festivals fall where the published calendars have them, and nothing outside the days asked for is found."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.occasion import Culture
from zhiyin.loop.plan import calendar

# the dates of the State Council's yearly notices and of almanacs
PUBLISHED = {
    "spring_festival": (
        "2020-01-25 2021-02-12 2022-02-01 2023-01-22 2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26 "
        "2029-02-13 2030-02-03"
    ),
    "lunar_new_years_eve": "2020-01-24 2021-02-11 2022-01-31 2023-01-21 2024-02-09 2025-01-28 2026-02-16",
    "lantern_festival": "2020-02-08 2021-02-26 2022-02-15 2023-02-05 2024-02-24 2025-02-12 2026-03-03",
    "qingming": "2020-04-04 2021-04-04 2022-04-05 2023-04-05 2024-04-04 2025-04-04 2026-04-05 2027-04-05",
    "dragon_boat": (
        "2020-06-25 2021-06-14 2022-06-03 2023-06-22 2024-06-10 2025-05-31 2026-06-19 2027-06-09 2028-05-28 "
        "2029-06-16 2030-06-05"
    ),
    "qixi": "2020-08-25 2021-08-14 2022-08-04 2023-08-22 2024-08-10 2025-08-29 2026-08-19",
    "mid_autumn": (
        "2020-10-01 2021-09-21 2022-09-10 2023-09-29 2024-09-17 2025-10-06 2026-09-25 2027-09-15 2028-10-03 "
        "2029-09-22 2030-09-12"
    ),
    "double_ninth": "2020-10-25 2021-10-14 2022-10-04 2023-10-23 2024-10-11 2025-10-29 2026-10-18",
    "easter": (
        "2020-04-12 2021-04-04 2022-04-17 2023-04-09 2024-03-31 2025-04-20 2026-04-05 2027-03-28 2028-04-16 "
        "2029-04-01 2030-04-21 2038-04-25"
    ),
    "good_friday": "2024-03-29 2025-04-18 2026-04-03",
    "mothers_day": "2024-05-12 2025-05-11 2026-05-10",
    "fathers_day": "2024-06-16 2025-06-15 2026-06-21",
    "thanksgiving": "2024-11-28 2025-11-27 2026-11-26",
    "black_friday": "2024-11-29 2025-11-28 2026-11-27",
    "cyber_monday": "2024-12-02 2025-12-01 2026-11-30",
}
BY_KEY = {occasion.key: rule for occasion, rule in calendar.OCCASIONS}


@pytest.mark.parametrize("key", PUBLISHED)
def test_it_falls_on_the_published_days(key: str) -> None:
    for day in map(date.fromisoformat, PUBLISHED[key].split()):
        assert BY_KEY[key](day.year) == day


def test_every_occasion_falls_once_in_every_year_and_in_that_year() -> None:
    assert len(BY_KEY) == len(calendar.OCCASIONS)
    for year in range(calendar.FIRST_YEAR, calendar.LAST_YEAR + 1):
        assert {rule(year).year for rule in BY_KEY.values()} == {year}


@given(
    st.dates(date(1990, 1, 1), date(2098, 1, 1)), st.integers(0, 400), st.sampled_from(["chinese", "western"])
)
def test_what_is_found_lies_in_the_days_asked_for_and_in_the_calendar_asked_for(
    first: date, days: int, culture: str
) -> None:
    last = first + timedelta(days)
    found = calendar.occasions(first, last, {Culture(culture)})
    assert all(first <= day <= last for day in found)
    assert all(culture in one.cultures for those in found.values() for one in those)
    middle = first + timedelta(days // 2)
    parts = calendar.occasions(first, middle, {Culture(culture)})
    rest = calendar.occasions(middle + timedelta(1), last, {Culture(culture)})
    assert {**parts, **rest} == found


def test_two_occasions_of_one_day_are_both_found() -> None:
    assert [o.key for o in calendar.occasions(date(2020, 10, 1), date(2020, 10, 1))[date(2020, 10, 1)]] == [
        "mid_autumn",
        "national_day",
    ]
