"""The bootstrap: how far an average could have come out otherwise, without assuming a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Values = Sequence[float] | np.ndarray[Any, Any]
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


def _resampled(data: np.ndarray[Any, Any], rng: np.random.Generator, resamples: int) -> np.ndarray[Any, Any]:
    size = len(data)
    at_once = max(1, _DRAWS // size)
    means = np.empty(resamples)
    for start in range(0, resamples, at_once):
        stop = min(start + at_once, resamples)
        means[start:stop] = data[rng.integers(0, size, (stop - start, size))].mean(axis=1)
    return means
