"""Intervals: the shape every estimate of this package has, and the two steps that make one.

An average of values that are zero or of a typical size gets a score interval (``score``), and two such
intervals become the interval of their difference (``square_and_add``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot, sqrt

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

TOO_FEW = "too_few"
_FAR = 8.0  # standard errors beyond which a probability is 0 or 1 in double precision


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its interval and the probability that the truth is above zero.

    ``note`` is a code where the data are degenerate (``too_few``); the others are None then.
    """

    value: float | None
    low: float | None
    high: float | None
    probability_positive: float | None = None
    level: float = 0.95
    note: str = ""

    @classmethod
    def unknown(cls, level: float, note: str = TOO_FEW) -> Interval:
        """No interval, and why."""
        return cls(None, None, None, None, level, note)


Bounds = Callable[[float], tuple[float, float]]


def critical(level: float) -> float:
    """How many standard errors a two-sided interval of that level reaches.

    >>> round(critical(0.95), 5)
    1.95996
    """
    if not 0 < level < 1:
        raise ValueError("level must lie between 0 and 1")
    return float(ndtri((1 + level) / 2))


def score(total: float, n: int, z: float, scale: float = 1.0) -> tuple[float, float]:
    """The score interval (Wilson 1927) of the mean of n values that are 0 or about ``scale``.

    It holds every mean m that the data do not contradict when a mean of m has the variance
    ``m (scale - m) / n``. With values 0 and 1 this is Wilson's interval for a proportion; it stays inside
    0 and ``scale`` and does not collapse when the total is 0.

    >>> [round(bound, 4) for bound in score(81, 263, critical(0.95))]
    [0.2553, 0.3662]
    """
    mean = total / n / scale
    shrink = 1 + z * z / n
    centre = (mean + z * z / (2 * n)) / shrink
    half = z * sqrt(max(mean * (1 - mean), 0.0) / n + z * z / (4 * n * n)) / shrink
    return min(centre - half, mean) * scale, max(centre + half, mean) * scale


def square_and_add(
    first: float, of_first: tuple[float, float], second: float, of_second: tuple[float, float]
) -> tuple[float, float]:
    """The interval of ``first - second`` from the intervals of both (Newcombe 1998, method 10; Zou and
    Donner 2008)."""
    difference = first - second
    return (
        difference - hypot(first - of_first[0], of_second[1] - second),
        difference + hypot(of_first[1] - first, second - of_second[0]),
    )


def above_zero(value: float, bounds: Bounds) -> float:
    """The probability that the truth is above zero, read off the same intervals.

    ``bounds(z)`` is the interval that reaches z standard errors. The widest one that still excludes zero
    has the answer (a confidence distribution, Xie and Singh 2013; with a flat prior, the posterior). So the
    95 % interval excludes zero exactly where this is above 97.5 % or below 2.5 %.
    """
    if value == 0:
        return 0.5
    side = 0 if value > 0 else 1

    def gap(z: float) -> float:
        return bounds(z)[side]

    if gap(_FAR) * value > 0:
        return 1.0 if value > 0 else 0.0
    z = float(brentq(gap, 1e-9, _FAR, xtol=1e-10))
    return float(ndtr(z if value > 0 else -z))
