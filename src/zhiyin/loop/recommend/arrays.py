"""The types of the arrays that recommenders work with, and the sparse matrix they all begin with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]
Text = NDArray[np.str_]
CSR = Any  # scipy.sparse.csr_array, which has no types

DAY = 86_400_000_000  # microseconds


def strongest(rows: Any, columns: Any, values: Any, shape: tuple[int, int]) -> CSR:
    """A sparse matrix of the largest positive value of each cell."""
    kept = values > 0
    rows, columns, values = rows[kept], columns[kept], values[kept]
    order = np.lexsort((-values, columns, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    first = np.ones(len(rows), dtype=np.bool_)
    first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[first], minlength=shape[0]))])
    # in order and without doubles already: no conversion from triples
    return sparse.csr_array(
        (values[first], columns[first].astype(np.int32), indptr.astype(np.int32)), shape=shape
    )


def text(values: Sequence[str]) -> Text:
    """Texts as an array, which may be empty."""
    return np.array(values, dtype=np.str_) if len(values) else np.empty(0, dtype="<U1")
