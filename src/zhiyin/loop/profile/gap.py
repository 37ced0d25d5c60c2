"""The time between a customer's orders, as far as a few orders tell it."""

from __future__ import annotations

import narwhals as nw

STRENGTH = 2  # the shop's usual gap weighs as much as so many gaps of the customer's own


def own_gap(gap_days: nw.Expr, gaps: nw.Expr, gap_hours: nw.Expr) -> nw.Expr:
    """The customer's usual gap in whole days, at least one: the mean of their ``gaps``, which sum to
    ``gap_hours``, and of ``STRENGTH`` more of the shop's usual length, ``gap_days``.

    With the rate of purchases drawn from a gamma distribution, as Ehrenberg has it (1959), what is expected
    after few gaps lies between one's own and everybody's.
    """
    parts = (gaps + STRENGTH) * 24
    hours = gap_days * (24 * STRENGTH) + gap_hours
    # whole days, halves rounded up; exact, as long as the sums stay below 2^53
    days = ((hours * 2 + parts) / (parts * 2)).floor().cast(nw.Int64)
    return nw.when(days >= 1).then(days).otherwise(nw.lit(1)).cast(nw.Int64)


def own_gap_of(gap_days: int, gaps: int, gap_hours: int) -> int:
    """The same for one customer.

    >>> own_gap_of(10, 0, 0), own_gap_of(10, 8, 8 * 7 * 24), own_gap_of(10, 100, 0)
    (10, 8, 1)
    """
    parts = (gaps + STRENGTH) * 24
    return max(1, (2 * (gap_days * 24 * STRENGTH + gap_hours) + parts) // (2 * parts))
