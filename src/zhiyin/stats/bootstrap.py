"""The bootstrap: how far an average could have come out otherwise, without assuming a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Values = Sequence[Any] | np.ndarray[Any, Any]
_DRAWS = 4_000_000  # numbers drawn at a time


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A mean with its percentile interval; ``positive`` is the share of resamples whose mean is above zero.

    The bounds are None where there are fewer than two values.
    """

    value: float | None
    low: float | None
    high: float | None
    positive: float | None
    level: float = 0.95


def mean(
    values: Values, rng: np.random.Generator, *, resamples: int = 2000, level: float = 0.95
) -> Bootstrap:
    """The mean of ``values``, one for each unit, with its percentile bootstrap interval (Efron 1979).

    >>> found = mean([0.0, 1.0] * 50, np.random.default_rng(0))
    >>> found.value, round(found.low, 1), round(found.high, 1)
    (0.5, 0.4, 0.6)
    """
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1:
        raise ValueError("values must be one-dimensional")
    if not 0 < level < 1:
        raise ValueError("level must lie between 0 and 1")
    if len(data) < 2:
        return Bootstrap(float(data[0]) if len(data) else None, None, None, None, level)
    means = _resampled(data, rng, resamples)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Bootstrap(float(data.mean()), float(low), float(high), float((means > 0).mean()), level)


def paired_difference(
    ours: Values, theirs: Values, rng: np.random.Generator, *, resamples: int = 2000, level: float = 0.95
) -> Bootstrap:
    """The mean of ``ours - theirs``, measured on the same units, which are resampled together."""
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError("a paired difference needs both values of every unit")
    return mean(a - b, rng, resamples=resamples, level=level)


@dataclass(frozen=True, slots=True)
class Draws:
    """Several ratios of sums over the same units, each with its resamples; NaN where there is nothing to divide by.

    Columns share the units that were drawn, so a difference between two is paired.
    """

    values: np.ndarray[Any, Any]
    resampled: np.ndarray[Any, Any]
    units: np.ndarray[Any, Any]  # how many units each column is made of

    def estimate(self, column: int, less: int | None = None, *, level: float = 0.95) -> Bootstrap:
        """The ratio of a column, or what it has over the column ``less``."""
        value, draws = float(self.values[column]), self.resampled[:, column]
        few = self.units[column]
        if less is not None:
            value, draws = value - float(self.values[less]), draws - self.resampled[:, less]
            few = min(few, self.units[less])
        if np.isnan(value):
            return Bootstrap(None, None, None, None, level)
        draws = draws[~np.isnan(draws)]
        if few < 2 or not len(draws):
            return Bootstrap(value, None, None, None, level)
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        return Bootstrap(value, float(low), float(high), float((draws > 0).mean()), level)


def ratios(sums: Values, sizes: Values, rng: np.random.Generator, *, resamples: int = 2000) -> Draws:
    """Ratios ``sums / sizes`` of columns, resampled by unit (rows): many means and ratios in one go.

    A mean over the rows of a group has size 1 in these rows and 0 elsewhere; a mean over questions of which a
    unit asks several has their number for its size.

    >>> found = ratios([[0.0], [1.0]] * 50, [[1.0], [1.0]] * 50, np.random.default_rng(0)).estimate(0)
    >>> found.value, round(found.low, 1), round(found.high, 1)
    (0.5, 0.4, 0.6)
    """
    top, bottom = np.asarray(sums, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if top.ndim != 2 or top.shape != bottom.shape:
        raise ValueError("sums and sizes must have one row for each unit and the same columns")
    count, columns = top.shape
    both = np.hstack([top, bottom])
    at_once = max(1, _DRAWS // max(count, 1))
    drawn = np.zeros((resamples, 2 * columns))
    for start in range(0, resamples if count else 0, at_once):
        size = min(at_once, resamples - start)
        places = rng.integers(0, count, (size, count)) + np.arange(size)[:, None] * count
        times = np.bincount(places.ravel(), minlength=size * count).reshape(size, count)
        drawn[start : start + size] = times.astype(np.float64) @ both
    return Draws(
        _divided(top.sum(axis=0), bottom.sum(axis=0)),
        _divided(drawn[:, :columns], drawn[:, columns:]),
        (bottom > 0).sum(axis=0),
    )


def _divided(top: np.ndarray[Any, Any], bottom: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    quotient: np.ndarray[Any, Any] = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return quotient


def _resampled(data: np.ndarray[Any, Any], rng: np.random.Generator, resamples: int) -> np.ndarray[Any, Any]:
    size = len(data)
    at_once = max(1, _DRAWS // size)
    means = np.empty(resamples)
    for start in range(0, resamples, at_once):
        stop = min(start + at_once, resamples)
        means[start:stop] = data[rng.integers(0, size, (stop - start, size))].mean(axis=1)
    return means
