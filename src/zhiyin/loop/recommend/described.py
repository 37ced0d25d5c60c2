"""What is known of items → text, attributes and vectors, by number."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from zhiyin.domain.item import Item
from zhiyin.loop.recommend.arrays import CSR, F32

_LONGEST = 40  # characters of a value that others may share: what is longer describes this one item


def text(item: Item | None) -> str:
    """The name in every language, and what is told of the item at length.

    >>> text(Item("1", "Oolong", names={"zh": "乌龙茶"}, properties={"brand": "Ming"}))
    'Oolong 乌龙茶'
    """
    if item is None:
        return ""
    told = (value for value in item.properties.values() if isinstance(value, str) and len(value) > _LONGEST)
    return " ".join([item.name, *item.names.values(), *told])


def attributes(items: Sequence[Item | None]) -> CSR:
    """Items x (property, short value), with 1 where an item has it; a list has each of its values.

    >>> attributes([Item("1", "a", properties={"brand": "Ming", "organic": True}), None]).toarray()
    array([[1., 1.],
           [0., 0.]], dtype=float32)
    """
    numbers: dict[tuple[str, str], int] = {}
    rows, columns = [], []
    for row, item in enumerate(items):
        for pair in () if item is None else sorted(_pairs(item)):
            rows.append(row)
            columns.append(numbers.setdefault(pair, len(numbers)))
    ones = np.ones(len(rows), dtype=np.float32)
    return sparse.csr_array((ones, (rows, columns)), shape=(len(items), len(numbers)))


def vectors(items: Sequence[Item | None]) -> dict[str, F32]:
    """Given embeddings by the name of their property, such as ``text_vector`` or ``image_vector``: lists of numbers.

    What has another length than most, or a number that is none, counts as not given.
    """
    given: dict[str, dict[int, list[float]]] = {}
    for row, item in enumerate(items):
        for name, value in () if item is None else item.properties.items():
            if _is_vector(value):
                given.setdefault(name, {})[row] = value
    found = {}
    for name, by_row in given.items():
        ((size, _),) = Counter(map(len, by_row.values())).most_common(1)
        vector = found[name] = np.zeros((len(items), size), dtype=np.float32)
        for row, value in by_row.items():
            if len(value) == size:
                vector[row] = value
    return found


def _pairs(item: Item) -> set[tuple[str, str]]:
    found = set()
    for name, value in item.properties.items():
        for one in value if isinstance(value, list) else [value]:
            short = str(one).strip().casefold() if isinstance(one, str | bool) else ""
            if 0 < len(short) <= _LONGEST:
                found.add((name, short))
    return found


def _is_vector(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
        and all(map(math.isfinite, value))
    )
