"""Histograms: few bars, round borders, nobody left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.stats.histogram import BARS, Bar, histogram

VALUES = st.dictionaries(
    st.one_of(st.integers(-(10**9), 10**12), st.floats(-1, 1).map(lambda x: round(x, 3))),
    st.integers(1, 10**6),
    min_size=1,
    max_size=200,
)


@given(VALUES)
def test_everyone_is_in_one_bar(values: dict[float, int]) -> None:
    bars = histogram(list(values), list(values.values()))
    assert sum(bar.n for bar in bars) == sum(values.values())
    assert 1 <= len(bars) <= BARS + 4
    for bar in bars:
        inside = [
            n
            for value, n in values.items()
            if (bar.low is None or value >= bar.low)
            and (bar.high is None or value < bar.high or value == bar.low == bar.high)
        ]
        assert sum(inside) == bar.n


def test_a_few_values_have_a_bar_each() -> None:
    assert histogram([3, 1], [4, 2]) == (Bar(1, 1, 2), Bar(3, 3, 4))


def test_borders_are_round_and_the_tail_is_open() -> None:
    bars = histogram([*range(100), 5_000], [10] * 100 + [1])
    assert bars[0] == Bar(0, 10, 100)
    assert bars[-1] == Bar(100, None, 1)
    assert {bar.n for bar in bars[:-1]} == {100}


@pytest.mark.parametrize("size", [0, 1, 10])
def test_nothing_to_show_is_no_error(size: int) -> None:
    assert len(histogram(list(range(size)), [1] * size)) == size
