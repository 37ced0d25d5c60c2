"""Means: amounts per customer, most of them zero, and how two groups differ."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from scipy.special import ndtr, stdtr, stdtrit

from zhiyin.stats.intervals import Bounds, Interval, above_zero, critical, score, square_and_add


@dataclass(frozen=True, slots=True)
class Mean:
    """The number of values, their sum and the sum of their squares; adds up.

    >>> Mean.of([1.0, 3.0]) + Mean.of([2.0])
    Mean(n=3, total=6.0, squares=14.0)
    """

    n: int
    total: float
    squares: float

    @classmethod
    def of(cls, values: list[float]) -> Mean:
        """The statistics of some values."""
        return cls(len(values), sum(values), sum(value * value for value in values))

    def __add__(self, other: Mean) -> Mean:
        return Mean(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float | None:
        """The average, None of nothing."""
        return self.total / self.n if self.n else None

    @property
    def variance(self) -> float:
        """The sample variance, 0 below two values."""
        if self.n < 2:
            return 0.0
        return max((self.squares - self.total**2 / self.n) / (self.n - 1), 0.0)


def welch(first: Mean, second: Mean, level: float = 0.95) -> Interval:
    """The mean of ``first`` less that of ``second``, with Welch's t interval (1947).

    For values of any sign and a roughly normal mean. For revenue per customer see ``amounts``.
    """
    if first.n < 2 or second.n < 2:
        return Interval.unknown(level)
    a, b = first.variance / first.n, second.variance / second.n
    value = first.total / first.n - second.total / second.n
    if a + b == 0:
        return Interval.unknown(level)
    freedom = (a + b) ** 2 / (a**2 / (first.n - 1) + b**2 / (second.n - 1))
    half = float(stdtrit(freedom, (1 + level) / 2)) * sqrt(a + b)
    positive = float(stdtr(freedom, value / sqrt(a + b)))
    return Interval(value, value - half, value + half, positive, level)


def amounts(first: Mean, second: Mean, level: float = 0.95, *, z: float | None = None) -> Interval:
    """The difference of two average amounts where most people have none, such as revenue per customer.

    Few buyers in a small holdout make its own variance worthless: with 50 people and 5 % buyers, Welch's
    95 % interval covers 83 % of the time. So the size of an amount is taken from both groups together,
    ``scale = sum of squares / sum``; a mean m then has the variance ``m (scale - m) / n``, each group gets
    the score interval of that variance, and both are joined as for proportions. If every amount is 1, this
    *is* the interval of two proportions. Measured coverage for holdouts of 50 to 500 people, rates of 3 to
    15 % and log-normal amounts: 93.9 to 96.2 %. ``z`` overrides the reach that follows from the level.

    Where refunds outweigh orders in a group, the model does not hold and Welch's interval is given.
    """
    bounds = _bounds(first, second)
    reach = critical(level) if z is None else z
    if bounds is None:
        # the t interval of the level that this reach has under a normal distribution
        return welch(first, second, level if z is None else 2 * float(ndtr(reach)) - 1)
    value = first.total / first.n - second.total / second.n
    return Interval(value, *bounds(reach), above_zero(value, bounds), level)


def chance_above(first: Mean, second: Mean, bar: float) -> float | None:
    """The probability that the difference of average amounts is above ``bar``; None where it is unknown."""
    bounds = _bounds(first, second)
    if bounds is None:
        return welch(
            Mean(first.n, first.total - bar * first.n, _shifted(first, bar)), second
        ).probability_positive

    def above_bar(reach: float) -> tuple[float, float]:
        low, high = bounds(reach)
        return low - bar, high - bar

    return above_zero(first.total / first.n - second.total / second.n - bar, above_bar)


def _bounds(first: Mean, second: Mean) -> Bounds | None:
    """The interval of the difference as a function of its reach, None where the model does not hold."""
    if first.n == 0 or second.n == 0:
        return None
    a, b, both = first.total / first.n, second.total / second.n, first + second
    scale = both.squares / both.total if both.total > 0 else 0.0
    if both.squares == 0 or not 0 <= min(a, b) <= max(a, b) <= scale:
        return None

    def bounds(reach: float) -> tuple[float, float]:
        of_first = score(first.total, first.n, reach, scale)
        return square_and_add(a, of_first, b, score(second.total, second.n, reach, scale))

    return bounds


def _shifted(values: Mean, by: float) -> float:
    """The sum of squares after every value is lowered by a constant."""
    return values.squares - 2 * by * values.total + by * by * values.n
