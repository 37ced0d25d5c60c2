"""Positions of intervals, bars and scales, as percentages, so that pages draw them in HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Domain:
    """The stretch of numbers a row of plots shares, with round tick marks; zero always lies in it."""

    least: float
    most: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Where a value stands, in percent from the left, kept within the plot.

        >>> Domain(-1.0, 3.0, ()).at(0.0)
        25.0
        """
        return min(100.0, max(0.0, 100 * (value - self.least) / (self.most - self.least)))


def domain(values: Iterable[float | None], ticks: int = 4) -> Domain:
    """The round domain that holds all values and zero.

    >>> domain([-1.2, 3.4]).ticks
    (-2.0, 0.0, 2.0, 4.0)
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    least, most = min([0.0, *known]), max([0.0, *known])
    if least == most:
        most = 1.0
    raw = (most - least) / ticks
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw - 1e-12)
    low, high = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    marks = tuple(round(index * step, 10) for index in range(low, high + 1))
    pad = (marks[-1] - marks[0]) * 0.04
    return Domain(marks[0] - pad, marks[-1] + pad, marks)


def line(values: Sequence[float], height: float = 100.0) -> list[tuple[float, float]]:
    """The points of a small line from left to right in a box 100 wide; a line that never moves runs in the middle.

    >>> line([10, 30, 20])
    [(0.0, 100.0), (50.0, 0.0), (100.0, 50.0)]
    """
    least, most = min(values), max(values)
    last = max(1, len(values) - 1)
    return [
        (100 * at / last, height * ((most - value) / (most - least) if most > least else 0.5))
        for at, value in enumerate(values)
    ]


def shares(counts: Iterable[int]) -> list[float]:
    """Each count as a percentage of the largest; the bars of a list.

    >>> shares([50, 100, 0])
    [50.0, 100.0, 0.0]
    """
    counts = list(counts)
    largest = max(counts, default=0)
    return [100 * count / largest if largest else 0.0 for count in counts]
