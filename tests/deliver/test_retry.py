"""When to try again: later each time, not all at once, and not for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.deliver.retry import PAUSES, next_try

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@given(st.integers(1, len(PAUSES)), st.floats(0, 1))
def test_a_message_waits_its_pause_and_up_to_a_quarter_longer(attempts: int, spread: float) -> None:
    at = next_try(attempts, NOW, spread)
    assert at is not None
    assert PAUSES[attempts - 1] <= at - NOW <= PAUSES[attempts - 1] * 1.25 + timedelta(microseconds=1)


def test_who_waited_together_does_not_come_back_together() -> None:
    assert len({next_try(1, NOW, n / 100) for n in range(100)}) == 100


def test_there_is_a_last_try() -> None:
    assert next_try(len(PAUSES) + 1, NOW) is None
