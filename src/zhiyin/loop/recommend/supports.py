"""customers x items + which sources each target may use → linear weights, one small regression a target.

What sparse EASE and SLIM share: the items of a support are gathered into one small dense Gram matrix a target,
and the regressions of many targets are solved together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, I32, I64, Bool
from zhiyin.loop.recommend.kernel import assembled, served

_BATCH = 32


class Problems(NamedTuple):
    """Regressions of one batch: target t is explained by ``sources[t, :]`` where ``valid[t, :]``.

    ``gram`` is targets x m x m, what the sources have together; ``wanted`` is targets x m, what they have
    together with the target. Both are 0 where not valid.
    """

    targets: I64
    sources: I32
    valid: Bool
    gram: F32
    wanted: F32


Solve = Callable[[Problems], F32]  # -> weights, targets x m


def regressed(taste: CSR, support: CSR, solve: Solve, *, least: float = 0.0) -> CSR:
    """The weights of every target that has a support (a row of ``support``, target x source), source x target.

    Weights not above ``least`` in size are left out.
    """
    size = taste.shape[1]
    lengths = np.zeros(size, dtype=np.int64)
    sources, strengths = [], []
    for batch in problems(taste, support):
        weights = solve(batch)
        kept = batch.valid & (np.abs(weights) > least)
        lengths[batch.targets] = kept.sum(axis=1)
        sources.append(batch.sources[kept])
        strengths.append(weights[kept])
    return served(assembled(lengths, sources, strengths))


def problems(taste: CSR, support: CSR) -> Iterator[Problems]:
    """The regressions of the targets that have a support, in order, in batches of bounded size."""
    across = sparse.csr_array(taste.T)  # items x customers
    across.sort_indices()
    held = np.diff(support.indptr)
    asked = np.flatnonzero(held)
    for start in range(0, len(asked), _BATCH):
        targets = asked[start : start + _BATCH]
        counts = held[targets]
        valid = np.arange(int(counts.max())) < counts[:, None]
        sources = np.zeros(valid.shape, dtype=np.int32)
        sources[valid] = support.indices[_ranges(support.indptr[targets], counts)]
        together = _together(across, targets, sources, valid)
        yield Problems(targets, sources, valid, together[:, 1:, 1:], together[:, 0, 1:])


def _together(across: CSR, targets: I64, sources: I32, valid: Bool) -> F32:
    """What each target, first, and its sources have with one another: targets x (1 + m) x (1 + m).

    One sparse product for the whole batch: the customers of each target get columns of their own, so that
    nothing is multiplied across targets.
    """
    own = np.hstack([np.ones((len(targets), 1), dtype=np.bool_), valid])
    items = np.hstack([targets[:, None], sources])[own]
    lengths = across.indptr[items + 1] - across.indptr[items]
    cells = _ranges(across.indptr[items], lengths)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    first = np.concatenate([[0], np.cumsum(own.sum(axis=1))])  # row of each target
    customers, columns = across.indices[cells], np.empty(len(cells), dtype=np.int32)
    number = np.empty(across.shape[1], dtype=np.int32)
    for begin, end in pairwise(indptr[first].tolist()):
        theirs = customers[begin:end]
        number[theirs] = np.arange(begin, end, dtype=np.int32)  # of equals the last: one for each customer
        columns[begin:end] = number[theirs]
    rows = sparse.csr_array((across.data[cells], columns, indptr), shape=(len(items), len(cells)))
    both = rows @ rows.T
    row = np.repeat(np.arange(len(items)), np.diff(both.indptr))
    place = np.repeat(np.arange(len(targets)), np.diff(first))[row]
    stack = np.zeros((len(targets), own.shape[1], own.shape[1]), dtype=np.float32)
    stack[place, row - first[place], both.indices - first[place]] = both.data
    return stack


def _ranges(starts: I64, lengths: I64) -> I64:
    """``start, start + 1, …`` of each length, one after the other."""
    ends = np.cumsum(lengths)
    places: I64 = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)
    return places
