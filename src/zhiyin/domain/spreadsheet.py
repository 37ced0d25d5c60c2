"""A value → a cell of a CSV file that no spreadsheet runs as a formula."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")

# how a formula may begin, also in full width, and what a spreadsheet strips before it looks
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: Value) -> Value | str:
    """A text that a spreadsheet would run as a formula, with an apostrophe before it; all else as it is.

    Numbers stay numbers, also those below zero.

    >>> cell("=1+1"), cell("Lin"), cell("-5"), cell(-5), cell(None)
    ("'=1+1", 'Lin', "'-5", -5, None)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
