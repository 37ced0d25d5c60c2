"""customers x items → what having one item says about wanting another: the formula behind neighbours and graphs.

One matrix serves cosine neighbours, random walks and graph filters, pruned as it is made, so that the whole
product never stands in memory:

    W = (D_i^-source · XᵀD_u^-user X · D_i^-target)^power        (powers by element, diagonal left out)

where ``D_i`` and ``D_u`` hold how much each item and each customer has. ``user`` 0, ``source`` = ``target`` = .5
is the cosine of a binary matrix; ``user`` 1, ``source`` 1 is the random walk of three steps whose ``target`` is
the β of RP3β (Paudel et al., ACM TiiS 2017); ``user`` 1, ``source`` = ``target`` = .5 is the linear filter of
GF-CF (Shen et al., CIKM 2021), with a ``power`` that of Turbo-CF (Park et al., SIGIR 2024); all four free is the
linkage score of LinkProp (Fu et al., WWW 2022), with a power.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, F64, I64, Bool

Array = np.ndarray[Any, Any]
Weigh = Callable[[Array, Array, Array], Array]  # targets, sources, together -> strength, all of one length
_SLAB = 12_000_000  # cells of the product that stand in memory at a time: 100 MB


def weights(
    taste: CSR,
    *,
    user: float,
    source: float,
    target: float,
    power: float = 1.0,
    k: int,
    targets: Array | None = None,
) -> CSR:
    """The kernel of ``taste`` (customers x items), sparse float32, source x target: ``history @ W`` are scores.

    Each of ``targets`` (all, if None) keeps its ``k`` strongest sources; ties go to the source of lower number.

    >>> have = sparse.csr_array(np.array([[1, 1, 0], [1, 1, 1]], dtype=np.float32))
    >>> print(weights(have, user=0, source=0.5, target=0.5, k=1).toarray().round(2))
    [[0.   1.   0.71]
     [1.   0.   0.  ]
     [0.   0.   0.  ]]
    """
    given = scaled(degrees(taste, 0), -source)
    wanted = scaled(degrees(taste, 0), -target)

    def weigh(to: Array, of: Array, together: Array) -> Array:
        return np.asarray(together * given[of], dtype=np.float32)  # what all of a target share comes after

    found = pruned(damped(taste, user=user), taste, weigh, k=k, targets=targets)
    found.data *= np.repeat(wanted, np.diff(found.indptr))
    if power != 1.0:
        found.data **= np.float32(power)
    return served(found)


def pruned(left: CSR, right: CSR, weigh: Weigh, *, k: int, targets: Array | None = None) -> CSR:
    """The strongest cells of ``leftᵀ right``, **target x source**: row j holds the ``k`` best sources of target j.

    ``weigh`` turns what a target and a source have together into a strength; cells of strength 0 are left out,
    the largest in size are kept. Targets not asked for have empty rows.
    """
    size = right.shape[1]
    asked = np.arange(size) if targets is None else np.asarray(targets)
    lengths = np.zeros(size, dtype=np.int64)
    sources, strengths = [], []
    for rows, product in products(left, right, asked):
        held = np.diff(product.indptr)
        to = np.repeat(rows, held)
        strength = weigh(to, product.indices, product.data)
        strength[product.indices == to] = 0.0
        kept = strongest(strength, product.indices, product.indptr, k)
        lengths[rows] = np.diff(np.searchsorted(kept, product.indptr))
        sources.append(product.indices[kept])
        strengths.append(strength[kept])
    return assembled(lengths, sources, strengths)


def assembled(lengths: I64, sources: Sequence[Array], strengths: Sequence[Array]) -> CSR:
    """Target x source, of so many ``sources`` and ``strengths`` for each target, in parts laid end to end.

    Places are numbers of 32 bits: serving copies them again and again.
    """
    size = len(lengths)
    if not sources:
        return sparse.csr_array((size, size), dtype=np.float32)
    indptr = np.zeros(size + 1, dtype=np.int32)
    np.cumsum(lengths, out=indptr[1:])
    parts = (np.concatenate(strengths).astype(np.float32), np.concatenate(sources).astype(np.int32), indptr)
    return sparse.csr_array(parts, shape=(size, size))


def products(left: CSR, right: CSR, targets: Array) -> Iterator[tuple[Array, CSR]]:
    """``leftᵀ right`` in slabs of rows: (targets, target x source), each slab of bounded size."""
    across = sparse.csr_array(left.T)
    right = sparse.csr_array(right)
    has = sparse.csr_array((np.ones_like(across.data), across.indices, across.indptr), shape=across.shape)
    cells = np.minimum(has @ np.diff(right.indptr).astype(np.float64), right.shape[1])[targets]
    slab = np.cumsum(cells) // _SLAB
    for start, end in pairwise([0, *(np.flatnonzero(np.diff(slab)) + 1), len(targets)]):
        rows = targets[start:end]
        yield rows, across[rows] @ right
        start = end


def strongest(values: Array, indices: Array, indptr: Array, k: int) -> Array:
    """Positions, in order, of the ``k`` largest values by size in each row, zeros left out, ties by index."""
    size = np.abs(values)
    keep = size > 0
    for row in np.flatnonzero(np.diff(indptr) > k):
        begin, end = indptr[row : row + 2]
        own = size[begin:end]
        bar = np.partition(own, len(own) - k)[len(own) - k]
        chosen = own > bar
        level = np.flatnonzero(own == bar)
        room = k - np.count_nonzero(chosen)
        if room < len(level):
            level = level[np.argsort(indices[begin:end][level])[:room]]
        chosen[level] = bar > 0
        keep[begin:end] = chosen
    return np.flatnonzero(keep)


def lifted(weights: CSR, factors: F32) -> CSR:
    """The weights, source x target, with those of each target multiplied by its factor."""
    return sparse.csr_array(
        (weights.data * factors[weights.indices], weights.indices, weights.indptr), shape=weights.shape
    )


def served(found: CSR) -> CSR:
    """Target x source as source x target, rows in order: the form that serving multiplies histories with."""
    turned = sparse.csr_array(found.T)
    turned.sort_indices()
    return turned


def damped(taste: CSR, *, user: float = 0.0, item: float = 0.0) -> CSR:
    """``D_u^-user X D_i^-item``."""
    rows, columns = scaled(degrees(taste, 1), -user), scaled(degrees(taste, 0), -item)
    values = taste.data * np.repeat(rows, np.diff(taste.indptr)) * columns[taste.indices]
    return sparse.csr_array((values, taste.indices, taste.indptr), shape=taste.shape)


def shared_by_some(taste: CSR, available: Bool) -> I64:
    """The items that may be recommended and that more than one customer took to.

    What one alone has would repeat that customer's history to others.
    """
    return np.flatnonzero(available & (np.bincount(taste.indices, minlength=taste.shape[1]) > 1))


def degrees(taste: CSR, axis: int) -> F64:
    """What each item (axis 0) or each customer (axis 1) has."""
    return np.asarray(taste.sum(axis=axis, dtype=np.float64)).ravel()


def scaled(degree: F64, power: float) -> F32:
    """``degree ** power``, 0 where there is nothing."""
    out = np.zeros(len(degree), dtype=np.float32)
    some = degree > 0
    out[some] = degree[some] ** power
    return out
