"""Slices split questions into parts that are alike."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.recommend.evaluate.slices import by_activity, by_segment


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_every_question_is_in_the_part_that_names_its_length(lengths: list[int]) -> None:
    found = by_activity(np.array(lengths))
    assert len(found.names) <= 4
    assert (found.inside.sum(axis=1) == 1).all()
    for length, place in zip(lengths, found.inside.argmax(axis=1).tolist(), strict=True):
        low, _, high = found.names[place].partition("-")
        assert int(low) <= length <= int(high or low)
        assert (length == 0) == (found.names[place] == "0")


def test_parts_are_about_equal() -> None:
    found = by_activity(np.arange(1, 31))
    assert found.names == ("1-10", "11-20", "21-30")
    assert found.inside.sum(axis=0).tolist() == [10, 10, 10]


def test_segments_are_told_by_name() -> None:
    found = by_segment(np.array([0, 2, -1], dtype=np.int32), ["loyal", "new", "asleep"])
    assert found.names == ("loyal", "new", "asleep")
    assert found.inside.tolist() == [[True, False, False], [False, False, True], [False, False, False]]
