"""Numbers and times as readers of each language write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from zhiyin.entrypoints.console import drawing, formats

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 12, 6, 5, tzinfo=UTC)  # 14:05 in Shanghai


@pytest.mark.parametrize(
    ("language", "day", "date_time", "weekday"),
    [
        ("en", "12 Mar 2026", "12 Mar 2026, 14:05", "Thursday"),
        ("zh-hans", "2026年3月12日", "2026年3月12日 14:05", "星期四"),
    ],
)
def test_dates_are_written_as_each_language_does(
    language: str, day: str, date_time: str, weekday: str
) -> None:
    assert formats.day(AT, SHANGHAI, language) == day
    assert formats.date_time(AT, SHANGHAI, language) == date_time
    assert formats.weekday(AT, SHANGHAI, language) == weekday


def test_the_minus_is_a_minus_and_zero_has_no_sign() -> None:
    assert formats.number(-24860) == "−24,860"
    assert formats.number(-0.001, 2, signed=True) == "0.00"
    assert formats.percent(-0.0684) == "−6.84%"
    assert formats.points(0.0125) == "+1.25"


def test_large_counts_are_compact_in_each_language() -> None:
    assert [formats.compact(n, "en") for n in (950, 184_200, 1_300_000)] == ["950", "184k", "1.3M"]
    assert [formats.compact(n, "zh-hans") for n in (950, 184_200, 130_000_000)] == [
        "950",
        "18.4 万",
        "1.3 亿",
    ]


def test_what_is_not_known_is_a_dash(workspace: object) -> None:
    assert formats.number(None) == formats.percent(None) == formats.day(None, SHANGHAI, "en") == "–"
    assert formats.days(None) == "–"


def test_time_ago_goes_from_seconds_to_yesterday_to_the_date(workspace: object) -> None:
    def ago(**before: int) -> str:
        return formats.ago(AT - timedelta(**before), AT, SHANGHAI, "en")

    assert ago(seconds=14) == "14 s ago"
    assert ago(minutes=5) == "5 min ago"
    assert ago(hours=3) == "3 h ago"
    assert ago(days=1) == "yesterday 14:05"
    assert ago(days=9) == "3 Mar 2026, 14:05"


def test_a_domain_holds_all_values_and_zero_with_round_ticks() -> None:
    domain = drawing.domain([-1.2, None, 3.4])
    assert domain.ticks == (-2.0, 0.0, 2.0, 4.0)
    assert 0 <= domain.at(-1.2) < domain.at(0.0) < domain.at(3.4) <= 100
    assert drawing.domain([]).at(0.0) < 10


def test_bars_are_shares_of_the_longest() -> None:
    assert drawing.shares([50, 100, 0]) == [50.0, 100.0, 0.0]
    assert drawing.shares([0, 0]) == [0.0, 0.0]
