"""Holm's rule gives the values of its published example and is as strict as it must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.stats.multiple import holm


def test_a_textbook_example_by_hand() -> None:
    # 4 · .005, 3 · .01, 2 · .03 and 1 · .04, none below the one before it
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), max_size=8))
def test_it_lies_between_no_correction_and_bonferronis(p_values: list[float]) -> None:
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        assert raw <= adjusted <= min(1.0, raw * len(p_values)) + 1e-12


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.randoms())
def test_the_order_of_the_comparisons_does_not_matter(p_values: list[float], random) -> None:  # type: ignore[no-untyped-def]
    places = list(range(len(p_values)))
    random.shuffle(places)
    moved = holm([p_values[place] for place in places])
    assert [holm(p_values)[place] for place in places] == moved


def test_no_comparison_needs_no_correction() -> None:
    assert holm([]) == []
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([1.5])
