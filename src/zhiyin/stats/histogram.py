"""Histograms: how values are spread, in a few bars with round borders."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BARS = 10
_TAIL = 0.02  # of all, at either end, go into an open bar


@dataclass(frozen=True, slots=True)
class Bar:
    """How many values are from ``low`` on and below ``high``; None where the bar is open.

    Where ``low`` and ``high`` are equal the bar is of that very value.
    """

    low: float | None
    high: float | None
    n: int


def histogram(
    values: Sequence[float] | NDArray[np.number],
    counts: Sequence[int] | NDArray[np.integer],
    bars: int = BARS,
) -> tuple[Bar, ...]:
    """About ``bars`` bars by rising value, of distinct values with how often each occurs.

    At most so many values get a bar each. Otherwise bars are equally wide, with borders that are round numbers (1, 2 or 5
    times a power of ten), and the longest tails, up to 2 % at either end, are put into bars that are open.

    >>> histogram([1, 2, 40], [5, 3, 1])
    (Bar(low=1.0, high=1.0, n=5), Bar(low=2.0, high=2.0, n=3), Bar(low=40.0, high=40.0, n=1))
    """
    order = np.argsort(np.asarray(values, np.float64), kind="stable")
    at, n = np.asarray(values, np.float64)[order], np.asarray(counts, np.int64)[order]
    if len(at) <= bars:
        return tuple(Bar(float(value), float(value), int(often)) for value, often in zip(at, n, strict=True))
    least, most = _bulk(at, n)
    step = _round((most - least) / bars)
    first = math.floor(least / step)
    borders = [(first + i) * step for i in range(math.floor(most / step) - first + 2)]
    found = [
        Bar(low, high, int(n[(at >= low) & (at < high)].sum())) for low, high in pairwise(map(_tidy, borders))
    ]
    low, high = _tidy(borders[0]), _tidy(borders[-1])
    below, above = int(n[at < low].sum()), int(n[at >= high].sum())
    return (
        *((Bar(None, low, below),) if below else ()),
        *found,
        *((Bar(high, None, above),) if above else ()),
    )


def _bulk(at: NDArray[np.float64], n: NDArray[np.int64]) -> tuple[float, float]:
    """Where the tails begin; everything, where nothing lies between."""
    share = np.cumsum(n) / n.sum()
    least = at[int(np.searchsorted(share, _TAIL))]
    most = at[min(int(np.searchsorted(share, 1 - _TAIL)), len(at) - 1)]
    return (float(least), float(most)) if most > least else (float(at[0]), float(at[-1]))


def _round(width: float) -> float:
    """The smallest round number that is not less.

    >>> _round(0.3), _round(7.2), _round(20)
    (0.5, 10.0, 20.0)
    """
    power = 10.0 ** math.floor(math.log10(width))
    return next(_tidy(power * times) for times in (1, 2, 5, 10) if power * times >= width * (1 - 1e-9))


def _tidy(value: float) -> float:
    """Without the dust of binary fractions."""
    return float(f"{value:.12g}")
