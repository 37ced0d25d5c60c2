"""When something happened, whatever the client's clock says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.payloads import RECEIVED, event, reason, server

moments = st.datetimes(datetime(1991, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("stated", "sent", "expected"),
    [
        ("2026-03-01T11:59:00Z", "2026-03-01T12:00:00Z", "11:59:00"),
        ("2026-03-01T13:59:00Z", "2026-03-01T14:00:00Z", "11:59:00"),  # two hours ahead
        ("1970-01-01T00:00:10Z", "1970-01-01T00:01:10Z", "11:59:00"),  # a device that lost its clock
        ("2026-03-01T19:59:00+08:00", None, "11:59:00"),
        ("2026-03-01T11:59:00", None, "11:59:00"),  # no zone: UTC
        (1772366340000, None, "11:59:00"),
        ("1772366340", None, "11:59:00"),
        ("2026-03-01T12:03:00Z", None, "12:00:00"),  # never after it was received
        ("2099-01-01T00:00:00Z", "2026-03-01T12:00:00Z", "12:00:00"),
        (None, None, "12:00:00"),
    ],
)
def test_the_moment_is_corrected_for_the_clients_clock(stated: Any, sent: str | None, expected: str) -> None:
    found = event(server(timestamp=stated, sentAt=sent)).timestamp
    assert found.isoformat() == f"2026-03-01T{expected}+00:00"


@given(
    moments, st.timedeltas(timedelta(), timedelta(days=365)), st.timedeltas(timedelta(-9000), timedelta(9000))
)
def test_a_wrong_clock_changes_nothing(sent: datetime, ago: timedelta, wrong: timedelta) -> None:
    # what matters is how long before sending it happened
    payload = server(timestamp=(sent + wrong - ago).isoformat())
    found = event(payload, sent_at=(sent + wrong).isoformat(), received_at=sent)
    assert found.timestamp == sent - ago or sent - ago < datetime(1990, 1, 1, tzinfo=UTC)


def test_the_time_of_the_call_counts_where_no_other_is_stated_and_the_messages_own_sending_time_first() -> (
    None
):
    payload = server(
        originalTimestamp="2026-03-01T13:00:00Z",
        sentAt="2026-03-01T13:10:00Z",
    )
    assert event(payload, sent_at="2020-01-01T00:00:00Z").timestamp == RECEIVED - timedelta(minutes=10)


def test_history_keeps_its_times() -> None:
    payload = server(timestamp="2019-05-01T00:00:00Z", sentAt="2026-03-01T14:00:00Z")
    assert event(payload, kind="import").timestamp == datetime(2019, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("yesterday", "bad_date"),
        ("1970-01-01T00:00:00Z", "bad_date"),
        ("0001-01-01T00:00:00+14:00", "bad_date"),
        ("2026-13-01", "bad_date"),
        (5, "bad_date"),
        (True, "bad_date"),
        ({"at": 1}, "bad_date"),
        ("inf", "bad_date"),
        ("2099-01-01T00:00:00Z", "future_date"),
        ("9999-12-31T23:59:59-12:00", "bad_date"),
    ],
)
def test_what_is_no_time_is_refused(stated: Any, expected: str) -> None:
    assert reason(server(timestamp=stated)) == expected
