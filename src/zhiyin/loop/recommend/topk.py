"""Scores → the best items, exactly and cheaply, with ties broken by chance that is the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from zhiyin.loop.recommend.arrays import F32, I32, Bool, Text

_GROUP = 64
_NOTHING = np.float32(-np.inf)


class Top(NamedTuple):
    """``items`` and ``scores``, both questions x k, best first; -1 and -inf where there is no more.

    ``own`` counts, for each question, how many the model chose itself; the rest were filled up.
    """

    items: I32
    scores: F32
    own: I32


def ties(item_ids: Sequence[str] | Text, popularity: F32 | None = None) -> I32:
    """The rank of each item among equals, lower first: by popularity if given, then by a hash of the id.

    Not by column: public files number items as they first appear, so columns know what is popular.
    """
    hashes = np.array(
        [int.from_bytes(blake2b(str(i).encode(), digest_size=8).digest()) for i in item_ids], dtype=np.uint64
    )
    keys = (hashes,) if popularity is None else (hashes, -popularity)
    rank = np.empty(len(hashes), dtype=np.int32)
    rank[np.lexsort(keys)] = np.arange(len(hashes), dtype=np.int32)
    return rank


def top(
    scores: F32,
    k: int,
    tie: I32,
    *,
    allowed: Bool | None = None,
    masked: Any = None,
    fill: I32 | None = None,
) -> Top:
    """The ``k`` best items of each row of ``scores``, which is used up.

    ``allowed`` marks the items that may be shown to anybody; ``masked`` is sparse (CSR), questions x items, what
    may not be shown to whom. ``fill`` names items in the order in which they fill up rows where the model says
    too little; they get the score -inf.
    """
    rows, size = scores.shape
    if allowed is not None and not allowed.all():
        scores[:, ~allowed] = _NOTHING
    if masked is not None:
        scores[np.repeat(np.arange(rows), np.diff(masked.indptr)), masked.indices] = _NOTHING
    items = np.full((rows, k), -1, dtype=np.int32)
    values = np.full((rows, k), _NOTHING, dtype=np.float32)
    own = np.zeros(rows, dtype=np.int32)
    if rows and k and size:
        row, column = np.divmod(np.flatnonzero(scores >= bar(scores, k)[:, None]), size)
        value = scores[row, column]
        order = np.lexsort((tie[column], -value, row))
        row, column, value = row[order], column[order], value[order]
        starts = np.searchsorted(row, np.arange(rows + 1))
        place = np.arange(len(row)) - starts[row]
        best = place < k
        items[row[best], place[best]] = column[best]
        values[row[best], place[best]] = value[best]
        own[:] = np.minimum(np.diff(starts), k)
    if fill is not None:
        shown = fill if allowed is None else fill[allowed[fill]]
        for short in np.flatnonzero(own < k):
            _fill(items[short], int(own[short]), shown, _row(masked, int(short)))
    return Top(items, values, own)


def bar(scores: F32, k: int) -> F32:
    """For each row a value that at least k reach, if so many are finite, and as few others as can be.

    The k-th largest maximum of groups of columns will do: k groups hold a value that large.
    """
    rows, size = scores.shape
    lowest = np.float32(np.finfo(np.float32).min)
    groups = size // _GROUP
    if groups < k:
        if size <= k:
            return np.full(rows, lowest)
        highest = scores
    else:  # every groups-th column is a group: whole stretches are compared, which is quick
        highest = scores[:, : groups * _GROUP].reshape(rows, _GROUP, groups).max(axis=1)
    at = highest.shape[1] - k
    return np.maximum(np.partition(highest, at, axis=1)[:, at], lowest)


def _row(masked: Any, row: int) -> set[int]:
    return (
        set() if masked is None else set(masked.indices[masked.indptr[row] : masked.indptr[row + 1]].tolist())
    )


def _fill(items: I32, held: int, order: I32, out: set[int]) -> None:
    """Fill a row in place, from ``held`` on."""
    out = out | set(items[:held].tolist())
    for item in order[: len(items) + len(out)].tolist():
        if held == len(items):
            return
        if item not in out:
            items[held] = item
            held += 1
