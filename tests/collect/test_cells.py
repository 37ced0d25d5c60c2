"""Amounts and dates as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.money import to_minor
from zhiyin.loop.collect.cells import amounts, text
from zhiyin.loop.collect.moments import DAY_FIRST, MONTH_FIRST, Reading, date_order, moments
from zhiyin.loop.collect.zones import SECOND, to_local, to_utc

EPOCH = datetime.fromisoformat("1970-01-01")
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("12.5", 1250), ("1,234.50", 123450), ("¥12", 1200), ("１２．５０", 1250), ("￥1,234元", 123400),
        ("$ 3", 300), ("1.234,50", 123450), ("12,50", 1250), ("(1.50)", -150), ("-3", -300), ("−3", -300),
        (".5", 50), ("1e3", 100000), ("1'234.50", 123450), ("RMB 8", 800), ("", None), ("null", None),
        ("1.005", 101), ("0", 0),
    ],
)  # fmt: skip
def test_amounts_are_understood(cell: str, minor: int | None) -> None:
    found, bad = amounts(pa.array([cell]), 100)
    assert (found.to_pylist(), bad.tolist()) == ([minor], [False])


@pytest.mark.parametrize(
    "cell", ["x", "1.2.3", "12 tea", "1,23,4", "inf", "--5", "1e99", "12345678901234567890"]
)
def test_what_is_no_amount_is_bad(cell: str) -> None:
    assert amounts(pa.array([cell]), 100)[1].tolist() == [True]


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_amounts_agree_with_exact_arithmetic(value: Decimal) -> None:
    found, _ = amounts(pa.array([f"{value:,}"]), 100)
    assert found[0].as_py() == to_minor(value, "CNY")


@given(st.lists(st.text(max_size=12)))
def test_no_text_breaks_the_reading_of_amounts_and_dates(cells: list[str]) -> None:
    column = pa.array(cells, pa.string())
    amounts(column, 100)
    _, filled, bad = moments(column, Reading(SHANGHAI))
    assert not (bad & ~filled).any()


def test_typed_columns_become_text() -> None:
    assert text(pa.array([1.0, 2.5, None])).to_pylist() == ["1", "2.5", None]
    assert text(pa.array([7, None])).to_pylist() == ["7", None]
    assert text(pa.array([" a ", " ", None])).to_pylist() == ["a", None, None]


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-05 08:30", "2026-03-05T08:30:00", "2026/3/5 8:30", "2026年3月5日 08:30", "2026年3月5日 8点30分",
        "2026-03-05T00:30:00Z", "2026-03-05T08:30:00+08:00", "2026-03-05 08:30:00.000", "20260305083000",
        "2026.3.5 08:30", "1772670600", "1772670600000", "5 Mar 2026 08:30", "Mar 5, 2026 08:30",
        "2026-03-05 8:30 AM", "46086.354166667", "２０２６-０３-０５ ０８:３０",
    ],
)  # fmt: skip
def test_moments_are_understood(cell: str) -> None:
    at, filled, bad = moments(pa.array([cell]), Reading(SHANGHAI))
    assert (filled.tolist(), bad.tolist()) == ([True], [False])
    assert datetime.fromtimestamp(at[0] / SECOND, UTC) == datetime(2026, 3, 5, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    ["soon", "2026-02-30", "2026-13-01", "2026-03-05 25:00", "0000-00-00", "3/4/2026", "12", "1850-01-01"],
)
def test_what_is_no_moment_is_bad(cell: str) -> None:
    assert moments(pa.array([cell]), Reading(SHANGHAI))[2].tolist() == [True]


@pytest.mark.parametrize(("order", "month"), [(DAY_FIRST, 4), (MONTH_FIRST, 3)])
def test_day_or_month_first_is_as_stated(order: str, month: int) -> None:
    at, _, bad = moments(pa.array(["3/4/2026 12:00"]), Reading(SHANGHAI, order))
    assert not bad[0]
    assert datetime.fromtimestamp(at[0] / SECOND, UTC).month == month


def test_the_order_of_dates_shows_in_the_column() -> None:
    assert date_order(pa.array(["3/4/2026", "13/4/2026"])) == DAY_FIRST
    assert date_order(pa.array(["3/4/2026", "4/13/2026"])) == MONTH_FIRST
    assert date_order(pa.array(["3.4.2026"])) == DAY_FIRST
    assert date_order(pa.array(["3/4/2026"])) == ""
    assert date_order(pa.array(["2026-03-04"])) == ""


def test_typed_times_keep_their_meaning() -> None:
    naive = pa.array([datetime.fromisoformat("2026-03-05T08:00")], pa.timestamp("ns"))
    aware = pa.array([datetime(2026, 3, 5, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    for column in (naive, aware):
        at, _, _ = moments(column, Reading(SHANGHAI))
        assert datetime.fromtimestamp(at[0] / SECOND, UTC) == datetime(2026, 3, 5, tzinfo=UTC)


@given(
    moment=st.datetimes(datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2090-01-01")),
    zone=st.sampled_from(
        ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Europe/London", "UTC"]
    ),
)
def test_zones_agree_with_the_standard_library(moment: datetime, zone: str) -> None:
    where = ZoneInfo(zone)
    wall = np.array([(moment - EPOCH) // timedelta(microseconds=1)])
    utc = to_utc(wall, where)[0]
    expected = moment.replace(tzinfo=where).astimezone(UTC)
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(utc)) == expected
    local = to_local(np.array([utc]), where)[0]
    back = expected.astimezone(where).replace(tzinfo=None)
    assert EPOCH + timedelta(microseconds=int(local)) == back
