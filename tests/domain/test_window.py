"""A window asked about many moments at once answers as it does about each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.segment import Window

NOW = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)  # clocks change in Berlin an hour and a half before
STEP = timedelta(minutes=30)
moments = st.integers(-8, 8).map(lambda steps: NOW + steps * STEP)
spans = st.none() | st.integers(1, 6).map(lambda steps: steps * STEP)
windows = st.builds(Window, spans, spans, st.none() | moments, st.none() | moments)
zones = st.sampled_from(("UTC", "Asia/Shanghai", "Europe/Berlin"))


@given(windows, st.lists(moments, max_size=8), moments, zones)
def test_many_moments_are_answered_like_each(
    window: Window, several: list[datetime], as_of: datetime, zone: str
) -> None:
    as_of = as_of.astimezone(ZoneInfo(zone))
    inside = window.inside(as_of)
    assert [inside(moment) for moment in several] == [window.holds(moment, as_of) for moment in several]
    turns = [turn for moment in several if (turn := window.turns(moment, as_of)) is not None]
    assert window.next_turn(several, as_of) == min(turns, default=None)


@given(windows, st.lists(moments, max_size=8), moments, st.integers(0, 8))
def test_nothing_before_its_start_matters_now_or_later(
    window: Window, several: list[datetime], as_of: datetime, later: int
) -> None:
    start = window.start(as_of)
    if start is not None:
        before = [moment for moment in several if moment < start]
        then = as_of + later * STEP
        assert not any(window.holds(moment, at) for moment in before for at in (as_of, then))
