"""Estimates: a number that never travels without its doubt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval and the probability that the truth is above zero.

    ``note`` is a code where the data are degenerate or too fresh (``too_few``, ``no_holdout``,
    ``too_early``); value and bounds are then None rather than invented.
    """

    value: float | None
    low: float | None
    high: float | None
    probability_positive: float | None = None
    level: float = 0.95
    note: str = ""

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)
