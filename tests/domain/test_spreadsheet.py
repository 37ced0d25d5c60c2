"""The law of the escaper: what it writes is no formula, loses nothing, and leaves numbers alone."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.spreadsheet import FORMULA, cell

TEXTS = st.builds(str.__add__, st.sampled_from([*FORMULA, "", "'", " "]), st.text(max_size=20))


@given(TEXTS)
def test_no_text_is_read_as_a_formula_and_none_is_lost(text: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([cell(text), "end"])
    read = next(csv.reader(io.StringIO(out.getvalue(), newline="")))[0]
    assert not read.startswith(FORMULA)
    assert read in (text, f"'{text}")
    assert (read == text) is not text.startswith(FORMULA)


@given(
    st.one_of(
        st.integers(), st.floats(allow_nan=False), st.decimals(allow_nan=False), st.booleans(), st.none()
    )
)
def test_numbers_stay_numbers(number: int | float | Decimal | None) -> None:
    assert cell(number) is number
