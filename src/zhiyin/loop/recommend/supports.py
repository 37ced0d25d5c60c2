"""customers x items + which sources each target may use → linear weights, one small regression a target.

What sparse EASE and SLIM share: the items of a support are gathered into one small dense Gram matrix a target,
and the regressions of many targets are solved together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.data import CSR, F32, I32, I64, Bool
from zhiyin.loop.recommend.kernel import served

_BATCH = 128


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
    if not sources:
        return sparse.csr_array((size, size), dtype=np.float32)
    return served(
        sparse.csr_array(
            (
                np.concatenate(strengths).astype(np.float32),
                np.concatenate(sources),
                np.concatenate([[0], np.cumsum(lengths)]),
            ),
            shape=(size, size),
        )
    )


def problems(taste: CSR, support: CSR) -> Iterator[Problems]:
    """The regressions of the targets that have a support, in order, in batches of bounded size."""
    by_item = sparse.csc_array(taste)
    by_item.sort_indices()
    held = np.diff(support.indptr)
    asked = np.flatnonzero(held)
    for start in range(0, len(asked), _BATCH):
        targets = asked[start : start + _BATCH]
        width = int(held[targets].max())
        sources = np.zeros((len(targets), width), dtype=np.int32)
        valid = np.arange(width) < held[targets][:, None]
        gram = np.zeros((len(targets), width, width), dtype=np.float32)
        wanted = np.zeros((len(targets), width), dtype=np.float32)
        for place, target in enumerate(targets):
            own = support.indices[support.indptr[target] : support.indptr[target + 1]]
            sources[place, : len(own)] = own
            gram[place, : len(own), : len(own)], wanted[place, : len(own)] = _together(by_item, own, target)
        yield Problems(targets, sources, valid, gram, wanted)


def _together(by_item: CSR, sources: I32, target: int) -> tuple[F32, F32]:
    """What the sources have with one another, and with the target."""
    chosen = np.append(sources, np.int32(target))
    lengths = np.diff(by_item.indptr)[chosen]
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    taken = np.arange(indptr[-1]) + np.repeat(by_item.indptr[chosen] - indptr[:-1], lengths)
    # items as rows, customers as columns
    rows = sparse.csr_array(
        (by_item.data[taken], by_item.indices[taken], indptr), shape=(len(chosen), by_item.shape[0])
    )
    both = (rows @ rows.T).toarray()
    return both[:-1, :-1], both[:-1, -1]
