"""Proportions: how many of how many, and how two of them differ."""

from __future__ import annotations

from dataclasses import dataclass

from zhiyin.stats.intervals import Interval, above_zero, critical, score, square_and_add


@dataclass(frozen=True, slots=True)
class Proportion:
    """``successes`` of ``n``; adds up, so that parts can be counted apart.

    >>> Proportion(1, 10) + Proportion(2, 10)
    Proportion(successes=3, n=20)
    """

    successes: int
    n: int

    def __add__(self, other: Proportion) -> Proportion:
        return Proportion(self.successes + other.successes, self.n + other.n)

    @property
    def rate(self) -> float | None:
        """The share, None of nobody."""
        return self.successes / self.n if self.n else None


def wilson(proportion: Proportion, level: float = 0.95) -> Interval:
    """The proportion with Wilson's score interval (1927)."""
    if proportion.n == 0:
        return Interval.unknown(level)
    low, high = score(proportion.successes, proportion.n, critical(level))
    return Interval(proportion.successes / proportion.n, max(low, 0.0), min(high, 1.0), None, level)


def difference(
    first: Proportion, second: Proportion, level: float = 0.95, *, z: float | None = None
) -> Interval:
    """The rate of ``first`` less that of ``second``, with Newcombe's hybrid score interval (1998, method 10).

    Chosen by its exact coverage with a holdout of a tenth: for 500 to 5,000 people and rates from 3 to 15 %
    it lies between 95.0 and 96.3 %, where the Agresti-Caffo interval reaches 99 % and the plain one falls
    below 90 %; Miettinen-Nurminen is as good but needs iteration. ``z`` overrides the reach that follows
    from the level, for intervals that hold at every look (``sequential``).

    >>> found = difference(Proportion(56, 70), Proportion(48, 80))
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    if first.n == 0 or second.n == 0:
        return Interval.unknown(level)
    a, b = first.successes / first.n, second.successes / second.n

    def bounds(reach: float) -> tuple[float, float]:
        of_first = score(first.successes, first.n, reach)
        return square_and_add(a, of_first, b, score(second.successes, second.n, reach))

    low, high = bounds(critical(level) if z is None else z)
    return Interval(a - b, low, high, above_zero(a - b, bounds), level)
