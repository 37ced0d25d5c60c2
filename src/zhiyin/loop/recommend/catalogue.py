"""The catalogue: what there is to recommend, by number, with what is known of each item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, F64, I32, I64, Bool, Text
from zhiyin.loop.recommend.arrays import text as array_of

NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The items: all that are on offer, and all that were ever touched. Make one with ``Catalogue.of``.

    ``available`` marks those that may be recommended. ``text`` is name and description; ``category`` counts in
    ``categories``, -1 for none; ``price`` is NaN where unknown; ``attributes`` is items x values, sparse;
    ``vectors`` holds given embeddings by name, items x size, rows of zeros where none. ``seen_first`` is the
    time of the first event of each item, the largest int64 where there was none.
    """

    item_ids: Text
    available: Bool
    text: Sequence[str]
    category: I32
    categories: Text
    price: F64
    attributes: CSR
    vectors: Mapping[str, F32]
    seen_first: I64

    @classmethod
    def of(
        cls,
        item_ids: Sequence[str],
        *,
        available: Any = True,
        text: Sequence[str] = (),
        category: Any = -1,
        categories: Sequence[str] = (),
        price: Any = np.nan,
        attributes: CSR = None,
        vectors: Mapping[str, F32] | None = None,
        seen_first: Any = NEVER,
    ) -> Catalogue:
        """A catalogue of which nothing need be known but the ids."""
        size = len(item_ids)
        return cls(
            array_of(item_ids),
            np.broadcast_to(np.asarray(available, dtype=np.bool_), size).copy(),
            tuple(text) or ("",) * size,
            np.broadcast_to(np.asarray(category, dtype=np.int32), size).copy(),
            array_of(categories),
            np.broadcast_to(np.asarray(price, dtype=np.float64), size).copy(),
            sparse.csr_array((size, 0), dtype=np.float32) if attributes is None else attributes,
            dict(vectors or {}),
            np.broadcast_to(np.asarray(seen_first, dtype=np.int64), size).copy(),
        )

    def __len__(self) -> int:
        return len(self.item_ids)
