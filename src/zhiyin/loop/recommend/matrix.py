"""interactions → a sparse matrix of customers by items: the form that all algorithms learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from zhiyin.domain.item import Item

DAY = 86_400_000_000  # microseconds
_YEAR = 365.0
_RARE = 1e-3  # items this much rarer than the most popular have no trend worth the name


@dataclass(frozen=True)
class Matrix:
    """``taste`` is customers x items, float32: the weight of the strongest kind, faded by age.

    ``item_ids`` holds the catalogue and every item that was ever touched, in order; ``available`` marks those
    that may be recommended; ``popularity`` is faded counts over all customers, 1 for the most popular;
    ``trend`` compares it with the year's: above 1 for what sells better lately.
    """

    item_ids: np.ndarray[Any, Any]
    available: np.ndarray[Any, Any]
    popularity: np.ndarray[Any, Any]
    trend: np.ndarray[Any, Any]
    taste: Any


def build(
    interactions: pa.Table,
    items: Sequence[Item],
    now: datetime,
    *,
    kinds: Mapping[str, float],
    popular_days: float,
    taste_days: float = np.inf,
) -> Matrix:
    """The matrix of a table of ``interactions.COLUMNS``.

    ``popular_days`` and ``taste_days`` are half-lives: an interaction that old counts half. The order of the
    rows does not matter, to the last bit.
    """
    offered = {item.item_id: item.available for item in items}
    interactions = interactions.filter(
        pc.is_in(interactions["kind"], value_set=pa.array(list(kinds), pa.string()))
    )
    touched = pc.unique(interactions["item_id"]).to_pylist()
    ids = sorted(offered.keys() | set(touched))
    item = pc.index_in(interactions["item_id"], value_set=pa.array(ids, pa.string())).to_numpy()
    names = pc.unique(interactions["customer_id"])
    names = names.take(pc.sort_indices(names))
    customer = pc.index_in(interactions["customer_id"], value_set=names).to_numpy()
    weight = np.zeros(len(item), dtype=np.float64)
    for kind, worth in kinds.items():
        weight[pc.equal(interactions["kind"], kind).to_numpy()] = worth
    age = _age_days(interactions["at"], now)

    # sums of floats depend on their order, so give the rows one
    order = np.lexsort((weight, age, item, customer))
    item, customer, weight, age = item[order], customer[order], weight[order], age[order]
    popularity = _counts(item, weight * 0.5 ** (age / popular_days), len(ids))
    lasting = _counts(item, weight * 0.5 ** (age / _YEAR), len(ids))
    value = np.asarray(weight * 0.5 ** (age / taste_days), dtype=np.float32)
    return Matrix(
        item_ids=np.array(ids, dtype=np.str_) if ids else np.empty(0, dtype="<U1"),
        available=np.array([offered.get(item_id, False) for item_id in ids], dtype=bool),
        popularity=popularity,
        trend=popularity / np.maximum(lasting, np.float32(_RARE)),
        taste=_strongest(customer, item, value, (len(names), len(ids))),
    )


def _counts(item: np.ndarray[Any, Any], weight: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    counts = np.bincount(item, weight, minlength=size)
    top = counts.max(initial=0.0)
    return np.asarray(counts / top if top > 0 else counts, dtype=np.float32)


def _age_days(at: pa.ChunkedArray, now: datetime) -> np.ndarray[Any, Any]:
    moments = at.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    present = int(now.astimezone(UTC).timestamp() * 1_000_000)
    return np.asarray(np.maximum(present - moments, 0) / DAY, dtype=np.float64)


def _strongest(
    rows: np.ndarray[Any, Any],
    columns: np.ndarray[Any, Any],
    values: np.ndarray[Any, Any],
    shape: tuple[int, int],
) -> Any:
    order = np.lexsort((-values, columns, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    return sparse.csr_array((values[first], (rows[first], columns[first])), shape=shape, dtype=np.float32)
