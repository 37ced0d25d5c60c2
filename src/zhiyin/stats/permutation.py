"""The sign-flip test: were two things no different, each difference could as well have come out reversed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Columns = Sequence[Sequence[float]] | np.ndarray[Any, Any]
_CELLS = 8_000_000  # signs drawn at a time


def sign_flips(differences: Columns, rng: np.random.Generator, *, flips: int = 10_000) -> list[float]:
    """Two-sided p-values, one for each column of paired differences (rows are units, such as customers).

    ``(1 + flips at least as far from zero as what was seen) / (1 + flips)`` (Phipson and Smyth 2010), so it is
    never 0. All columns are flipped alike. Without rows, or where all are zero, p is 1.

    >>> sign_flips([[1.0, 1.0], [1.0, -1.0], [1.0, 1.0], [1.0, -1.0]] * 5, np.random.default_rng(0), flips=999)
    [0.001, 1.0]
    """
    data = np.asarray(differences, dtype=np.float64)
    if data.ndim != 2:
        raise ValueError("differences must have one row for each unit and one column for each comparison")
    data = data[(data != 0).any(axis=1)]
    if not len(data):
        return [1.0] * data.shape[1]
    # whole numbers of a ten-millionth of the largest: sums that are equal compare as equal
    scale = np.abs(data).max(axis=0)
    data = np.rint(data / np.where(scale > 0, scale, 1.0) * 1e7)
    seen = np.abs(data.sum(axis=0))
    beyond = np.zeros(data.shape[1], dtype=np.int64)
    at_once = max(1, _CELLS // len(data))
    for start in range(0, flips, at_once):
        drawn = min(at_once, flips - start)
        bits = np.unpackbits(rng.integers(0, 256, (drawn, -(-len(data) // 8)), dtype=np.uint8), axis=1)
        # sum of ±d = 2 · sum of those kept − sum of all
        kept = bits[:, : len(data)].astype(np.float64) @ data
        beyond += (np.abs(2 * kept - data.sum(axis=0)) >= seen).sum(axis=0)
    return [float(p) for p in (1 + beyond) / (1 + flips)]
