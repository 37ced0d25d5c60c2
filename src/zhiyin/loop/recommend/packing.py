"""Sparse matrices as plain arrays, for ``to_arrays``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR

_PARTS = ("data", "indices", "indptr")


def packed(name: str, matrix: CSR) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a sparse matrix under ``name``."""
    arrays = {f"{name}_{part}": getattr(matrix, part) for part in _PARTS}
    return arrays | {f"{name}_shape": np.array(matrix.shape, dtype=np.int64)}


def unpacked(name: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> CSR:
    """The matrix of ``packed``, without copying."""
    parts = tuple(arrays[f"{name}_{part}"] for part in _PARTS)
    rows, columns = arrays[f"{name}_shape"].tolist()
    return sparse.csr_array(parts, shape=(rows, columns), copy=False)
