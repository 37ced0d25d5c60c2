"""Settings to try: defaults first, no two alike, as many for every model."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.recommend.evaluate.tune import Trial, best, settings

SPACE = {"k": [100, 50, 200], "shrink": [0.0, 10.0]}


@given(st.integers(1, 20), st.integers(0, 1000))
def test_settings_are_different_and_start_with_the_defaults(count: int, seed: int) -> None:
    found = settings(SPACE, count, np.random.default_rng(seed))
    whole = [{"k": 100, "shrink": 0.0} | one for one in found]
    assert found[0] == {}
    assert len({tuple(one.items()) for one in whole}) == len(found) == min(count, 6)


def test_likelier_values_are_tried_more_often() -> None:
    first = [settings(SPACE, 2, np.random.default_rng(seed))[1] for seed in range(300)]
    assert sum(one.get("k") == 50 for one in first) > sum(one.get("k") == 200 for one in first)


def test_without_parameters_there_is_one_setting() -> None:
    assert settings({}, 5, np.random.default_rng(0)) == [{}]


def test_of_equals_the_first_wins() -> None:
    assert best([Trial({}, 0.5), Trial({"k": 50}, 0.5), Trial({"k": 200}, 0.4)]).parameters == {}
