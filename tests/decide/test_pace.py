"""How fast messages leave: no window ever holds more than its share, and nobody is woken at night."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.pace import Pace, QuietHours, WarmUp, domains_of, quiet_of, warm_up_of
from zhiyin.loop.decide.pace import Due, Left, allowance, quiet_until, waits, window

SHANGHAI, BERLIN, YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)  # noon in Shanghai
NIGHT = QuietHours(time(21), time(8))


def due(*domains: str, zone: ZoneInfo = SHANGHAI) -> list[Due]:
    return [Due(domain, zone) for domain in domains]


def test_without_limits_everybody_goes() -> None:
    assert waits(due("a", "b"), Left(), Pace(), NOW, SHANGHAI) == [None, None]


def test_all_domains_of_a_provider_share_its_rate() -> None:
    pace = Pace(domains={"tencent": 12, "foxmail.com": 6})  # two and one in ten seconds
    found = waits(due("qq.com", "foxmail.com", "vip.qq.com", "163.com"), Left(), pace, NOW, SHANGHAI)
    assert [wait is None for wait in found] == [True, True, False, True]
    left = Left(lately=[(NOW, "qq.com"), (NOW, "163.com")])
    found = waits(due("foxmail.com", "foxmail.com", "qq.com"), left, pace, NOW, SHANGHAI)
    assert [wait is None for wait in found] == [True, False, False]


def test_a_slow_domain_holds_up_nobody_else() -> None:
    pace = Pace(domains={"qq.com": 6})  # one in ten seconds
    found = waits(due("qq.com", "qq.com", "163.com", "qq.com", "163.com"), Left(), pace, NOW, SHANGHAI)
    assert [wait and (wait.reason.value, (wait.until - NOW).seconds) for wait in found] == [
        None, ("throttled", 10), None, ("throttled", 20), None,
    ]  # fmt: skip


def test_what_left_lately_counts_and_what_left_before_does_not() -> None:
    pace = Pace(per_minute=12)  # two in ten seconds
    left = Left(lately=[(NOW - timedelta(seconds=9), "a"), (NOW - timedelta(seconds=11), "a")])
    assert [wait is None for wait in waits(due("a", "b", "c"), left, pace, NOW, SHANGHAI)] == [
        True,
        False,
        False,
    ]


def test_a_warm_up_allows_more_each_day_and_the_rest_goes_tomorrow() -> None:
    plan = WarmUp(date(2026, 3, 1), first=2, growth=2.0)
    assert [allowance(plan, NOW + timedelta(days=n)) for n in (-1, 0, 1, 2, 5)] == [2, 2, 4, 8, 64]
    assert allowance(plan, NOW + timedelta(days=36_500)) == 10**12
    found = waits(due("a", "b", "c"), Left(today=1), Pace(warm_up=plan), NOW, SHANGHAI)
    assert [wait and (wait.reason.value, wait.until) for wait in found] == [
        None, *[("warm_up", NOW + timedelta(days=1))] * 2,
    ]  # fmt: skip


def test_the_day_of_a_warm_up_is_the_shops() -> None:
    evening = datetime(2026, 3, 1, 17, tzinfo=UTC)  # 01:00 of the second in Shanghai
    pace = Pace(warm_up=WarmUp(date(2026, 3, 1), first=1, growth=2.0))
    assert [wait is None for wait in waits(due("a", "b"), Left(), pace, evening, SHANGHAI)] == [True, True]
    assert [wait is None for wait in waits(due("a", "b"), Left(), pace, evening, YORK)] == [True, False]


def test_quiet_hours_are_those_of_the_recipient() -> None:
    found = waits([*due("a"), *due("a", zone=YORK)], Left(), Pace(quiet=NIGHT), NOW, SHANGHAI)
    assert found[0] is None  # noon in Shanghai
    assert found[1] is not None
    assert found[1].until.astimezone(YORK) == datetime(2026, 3, 1, 8, tzinfo=YORK)  # 23:00 in New York


@pytest.mark.parametrize(
    ("zone", "moment", "quiet", "until"),
    [
        # clocks go forward at 02:00: 02:30 does not occur
        (BERLIN, "2026-03-29T00:10+00:00", ("01:00", "02:30"), "2026-03-29T01:30+00:00"),
        # clocks go back at 03:00: 02:30 occurs twice, and it is still night at the second 02:10
        (BERLIN, "2026-10-25T01:10+00:00", ("22:00", "02:30"), "2026-10-25T01:30+00:00"),
        (SHANGHAI, "2026-03-01T05:00+00:00", ("12:30", "14:00"), "2026-03-01T06:00+00:00"),
        (SHANGHAI, "2026-03-01T06:00+00:00", ("12:30", "14:00"), None),
    ],
)
def test_quiet_hours_follow_the_clock_on_the_wall(
    zone: ZoneInfo, moment: str, quiet: tuple[str, str], until: str | None
) -> None:
    hours = QuietHours(*(time.fromisoformat(part) for part in quiet))
    found = quiet_until(datetime.fromisoformat(moment), zone, hours)
    assert found == (until and datetime.fromisoformat(until))


@given(
    st.integers(0, 10 * 365 * 24 * 60).map(
        lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.sampled_from([SHANGHAI, BERLIN, YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")]),
    st.times(),
    st.times(),
)
def test_the_end_of_quiet_hours_is_later_and_not_quiet(
    moment: datetime, zone: ZoneInfo, start: time, end: time
) -> None:
    hours = QuietHours(start, end) if start != end else NIGHT
    until = quiet_until(moment, zone, hours)
    if until is not None:
        assert moment < until <= moment + timedelta(hours=26)
        again = quiet_until(until, zone, hours)
        assert again is None or again - until <= timedelta(hours=1)  # an end that occurs twice, or not at all


@given(
    st.lists(st.sampled_from(["qq.com", "163.com", "shop.example"]), max_size=60),
    st.integers(1, 200),
    st.integers(0, 100),
)
def test_no_window_ever_holds_more_than_its_share_and_everybody_goes_in_the_end(
    domains: list[str], every: int, slow: int
) -> None:
    pace = Pace(per_minute=every, domains={"qq.com": slow} if slow else {})
    left: list[tuple[datetime, str]] = []
    waiting = [(NOW, n, domain) for n, domain in enumerate(domains)]
    for _ in range(3 * len(domains) + 1):
        if not waiting:
            break
        now = min(at for at, _, _ in waiting)
        ready = sorted(one for one in waiting if one[0] <= now)
        lately = [(at, domain) for at, domain in left if now - at < timedelta(minutes=1)]
        found = waits(due(*(domain for _, _, domain in ready)), Left(lately=lately), pace, now, SHANGHAI)
        for (at, n, domain), wait in zip(ready, found, strict=True):
            waiting.remove((at, n, domain))
            if wait is None:
                left.append((now, domain))
            else:
                assert wait.until > now
                waiting.append((wait.until, n, domain))
    assert not waiting
    assert Counter(domain for _, domain in left) == Counter(domains)
    for rate, own in (
        (every, left),
        *((slow, [one for one in left if one[1] == "qq.com"]) for _ in [0] if slow),
    ):
        size, length = window(rate)
        for start, _ in own:
            assert sum(start <= at < start + length for at, _ in own) <= size


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (domains_of, "penguin=5"),
        (domains_of, "qq.com"), (domains_of, "qq.com=0"), (domains_of, "=5"), (domains_of, "qq.com=-1"),
        (quiet_of, "21:00"), (quiet_of, "21-8"), (quiet_of, "25:00-08:00"), (quiet_of, "08:00-08:00"),
    ],
)  # fmt: skip
def test_what_is_no_pace_says_how_one_is_written(read, text: str) -> None:
    with pytest.raises(BadSetting, match=r"pace\."):
        read(text)


def test_a_warm_up_needs_a_day() -> None:
    assert warm_up_of("", 50, 2.0) is None
    with pytest.raises(BadSetting, match="warm_up_from"):
        warm_up_of("tomorrow", 50, 2.0)
