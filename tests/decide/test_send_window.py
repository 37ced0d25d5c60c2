"""Send windows: open or not by the recipient's clock, and the next opening is the next one."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.pace import Pace
from zhiyin.domain.send_window import SendWindow, windows_of
from zhiyin.loop.decide.pace import Due, Left, waits
from zhiyin.loop.decide.send_window import opens

SHANGHAI, BERLIN, YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
OFFICE = windows_of("Mon-Fri 09:00-18:00, Sat 10:00-14:00")


def test_each_waits_for_the_hours_of_their_own_clock() -> None:
    noon = datetime(2026, 3, 2, 4, tzinfo=UTC)  # Monday in Shanghai, late on Sunday in New York
    found = waits([Due("a", SHANGHAI), Due("a", YORK)], Left(), Pace(windows=OFFICE), noon, SHANGHAI)
    assert found[0] is None
    assert found[1] is not None
    assert found[1].reason == "send_window"
    assert found[1].until.astimezone(YORK) == datetime(2026, 3, 2, 9, tzinfo=YORK)


@pytest.mark.parametrize(
    ("zone", "moment", "text", "until"),
    [
        (SHANGHAI, "2026-03-07T05:59+00:00", "sat 10:00-14:00", None),
        (SHANGHAI, "2026-03-07T06:00+00:00", "sat 10:00-14:00", "2026-03-14T02:00+00:00"),
        (SHANGHAI, "2026-03-07T15:59+00:00", "Saturday 10:00-24:00", None),
        (SHANGHAI, "2026-03-07T16:00+00:00", "星期六至星期一 10:00-24:00", "2026-03-08T02:00+00:00"),
        # clocks go forward at 02:00: 02:30 does not occur
        (BERLIN, "2026-03-29T00:10+00:00", "sun 02:30-05:00", "2026-03-29T01:30+00:00"),
        # clocks go back at 03:00: what opens at 02:30 opens twice
        (BERLIN, "2026-10-25T01:10+00:00", "sun 02:30-02:50", "2026-10-25T01:30+00:00"),
    ],
)
def test_windows_follow_the_clock_on_the_wall(
    zone: ZoneInfo, moment: str, text: str, until: str | None
) -> None:
    found = opens(datetime.fromisoformat(moment), zone, windows_of(text))
    assert found == (until and datetime.fromisoformat(until))


windows = st.builds(
    lambda days, start, length: SendWindow(
        frozenset(days),
        time(start // 60, start % 60),
        None if start + length >= 1440 else time((start + length) // 60, (start + length) % 60),
    ),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 1439),
)


@given(
    st.integers(0, 5 * 365 * 24 * 60).map(lambda m: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=m)),
    st.sampled_from([SHANGHAI, BERLIN, YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")]),
    st.lists(windows, min_size=1, max_size=4),
)
def test_until_a_window_opens_none_is_open(moment: datetime, zone: ZoneInfo, some: list[SendWindow]) -> None:
    until = opens(moment, zone, some)
    if until is None:
        return
    assert moment < until <= moment + timedelta(days=9)
    if until.astimezone(zone).time() not in {one.start for one in some}:
        return  # an hour that the clocks left out; at its end a window may be open already
    step = (until - moment) / 40
    for number in range(1, 40):
        assert opens(moment + step * number, zone, some) is not None
    assert opens(until, zone, some) is None


@pytest.mark.parametrize(
    "text",
    [
        "noon",
        "mon",
        "mon 9-18",
        "mon 18:00-09:00",
        "moon 09:00-18:00",
        "25:00-26:00",
        "mon-fri-sat 9:00-10:00",
    ],
)
def test_what_is_no_window_says_how_one_is_written(text: str) -> None:
    with pytest.raises(BadSetting, match=r"pace\.windows"):
        windows_of(text)


def test_nothing_is_no_window() -> None:
    assert windows_of(" ") == ()
    assert opens(datetime(2026, 3, 2, tzinfo=UTC), SHANGHAI, ()) is None
