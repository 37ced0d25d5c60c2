"""Looks before the end: the interval holds at all of them at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.stats.sequential import reach


@given(st.floats(0, 1), st.sampled_from([0.9, 0.95, 0.99]))
def test_reach_is_never_below_the_one_at_the_end(fraction: float, level: float) -> None:
    assert reach(fraction, level) >= reach(1.0, level) - 1e-9


def test_reach_grows_with_the_level() -> None:
    assert reach(0.5, 0.9) < reach(0.5, 0.95) < reach(0.5, 0.99)


@pytest.mark.parametrize("early", [1.0, 0.3], ids=["steady", "most on the first day"])
def test_daily_looks_leave_the_band_in_at_most_a_twentieth(early: float) -> None:
    """A Brownian path in information time, looked at 28 times; responses steady or front-loaded."""
    rng = np.random.default_rng(3)
    passed = np.arange(1, 29) / 28
    information = passed**early
    steps = np.diff(information, prepend=0.0)
    paths = (rng.standard_normal((20_000, 28)) * np.sqrt(steps)).cumsum(axis=1)
    reaches = np.array([reach(share) for share in passed])
    left = (np.abs(paths) > reaches * np.sqrt(information)).any(axis=1).mean()
    naive = (np.abs(paths) > 1.96 * np.sqrt(information)).any(axis=1).mean()
    assert left < 0.05
    assert naive > 0.1


def test_a_level_outside_of_0_and_1_is_an_error() -> None:
    with pytest.raises(ValueError, match="level"):
        reach(0.5, 1.0)
