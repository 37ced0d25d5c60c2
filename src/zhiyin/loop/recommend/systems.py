"""Lists of different lengths → batches of like lengths, for many small systems of equations at once.

The width to which a list is padded depends on its length alone, so what is found for it does not depend, to the
last bit, on the other lists of its batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from zhiyin.loop.recommend.arrays import F32, I64, Bool

_NUMBERS = 2_000_000  # that a batch gathers at a time
_ROWS = 16  # of a product made at a time


class Batch(NamedTuple):
    """``rows`` are the lists; ``places``, rows x width, say where their entries are, ``held`` which are real."""

    rows: I64
    places: I64
    held: Bool


def batches(indptr: Any, size: int) -> Iterator[Batch]:
    """The lists ``indptr[r]:indptr[r + 1]`` that are not empty, by width; each entry will become ``size`` numbers.

    >>> [batch.rows.tolist() for batch in batches(np.array([0, 2, 2, 12, 15]), 8)]
    [[0, 3], [2]]
    """
    lengths = np.diff(indptr)
    widths = padded(lengths)
    order = np.argsort(widths, kind="stable")
    order = order[lengths[order] > 0]
    ends = np.flatnonzero(np.diff(widths[order], append=0))
    start = 0
    for end in (ends + 1).tolist():
        width = int(widths[order[start]])
        many = max(1, _NUMBERS // (width * max(size, 1)))
        for first in range(start, end, many):
            rows = order[first : min(first + many, end)]
            held = np.arange(width) < lengths[rows][:, None]
            places = np.where(held, np.asarray(indptr)[rows][:, None] + np.arange(width), 0)
            yield Batch(rows, places, held)
        start = end


def padded(lengths: Any) -> I64:
    """The widths of lists: 4, 6, 8, 12, 16, 24, ... so that at most a third is padding.

    >>> padded(np.array([1, 5, 6, 7, 13, 17])).tolist()
    [4, 6, 6, 8, 16, 24]
    """
    powers = 2 ** np.ceil(np.log2(np.maximum(lengths, 4))).astype(np.int64)
    between = powers // 4 * 3
    return np.asarray(np.where((lengths <= between) & (powers > 4), between, powers))


def inner(left: F32, right: F32) -> F32:
    """``left · rightᵀ``, in which a row comes out the same whatever rows are beside it.

    A product of another shape may sum in another order; here all have one shape.
    """
    rows = len(left)
    found = np.empty((rows, len(right)), dtype=np.float32)
    block = np.zeros((_ROWS, left.shape[1]), dtype=np.float32)
    for start in range(0, rows, _ROWS):
        part = left[start : start + _ROWS]
        block[: len(part)] = part
        found[start : start + _ROWS] = (block @ right.T)[: len(part)]
    return found
