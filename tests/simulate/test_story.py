"""When the demo's story takes place, and the clock that makes it go fast."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from zhiyin.adapters import clock
from zhiyin.adapters.clock import SimulatedClock
from zhiyin.simulate.story import AGO, end_of_history

NOW = datetime(2026, 3, 11, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize("hour", [0, 1, 2, 3, 23])
def test_history_ends_at_ten_in_china_and_the_window_is_closed_by_now(hour: int) -> None:
    now = NOW.replace(hour=hour)
    end = end_of_history(now)
    assert (end.hour, end.minute) == (2, 0)
    assert AGO <= now - end < AGO + timedelta(days=1)


def test_a_clock_reads_back_what_it_writes() -> None:
    made = SimulatedClock(NOW - timedelta(days=8), NOW, 20_000.0)
    assert clock.read(str(made)) == made


def test_simulated_time_stands_until_the_shop_opens(tmp_path: Path) -> None:
    past, opened = clock.system() - timedelta(days=8), tmp_path / "opened"
    made = clock.read(str(SimulatedClock(past, opened, 20_000.0)))
    assert made() == past  # however long the server takes to come up
    opened.touch()
    os.utime(opened, (time.time() - 1, time.time() - 1))
    assert past + timedelta(seconds=20_000) <= made() <= clock.system()


def test_simulated_time_waits_for_its_beginning_and_never_passes_the_present() -> None:
    real = clock.system()
    past = real - timedelta(days=8)
    assert SimulatedClock(past, real + timedelta(hours=1), 20_000.0)() == past
    assert SimulatedClock(past, real - timedelta(hours=1), 20_000.0)() <= clock.system()
