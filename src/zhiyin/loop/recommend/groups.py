"""Customers' attributes → groups by number: those that say something of many, never of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEWEST = 20  # customers of a group: what fewer did would tell of each of them
MOST = 50  # groups of an attribute


@dataclass(frozen=True, slots=True)
class Groups:
    """Customers parted by one attribute: its values, and the number of each customer's among them, -1 for none."""

    names: tuple[str, ...]
    of: NDArray[np.int32]

    @classmethod
    def told(cls, values: Sequence[str | None], names: Sequence[str] | None = None) -> Groups:
        """The groups of each customer's value, None where it is not known, numbered as in ``names``.

        >>> Groups.told(["CN", None, "FR", "CN"]).of.tolist()
        [0, -1, 1, 0]
        """
        known = tuple(sorted({value for value in values if value}) if names is None else names)
        place: dict[Any, int] = {name: number for number, name in enumerate(known)}
        return cls(known, np.array([place.get(value, -1) for value in values], dtype=np.int32))


def parted(attributes: Mapping[str, Sequence[str | None]]) -> dict[str, Groups]:
    """The groups by attribute: values that at least ``FEWEST`` customers have, the ``MOST`` most frequent of each.

    >>> sorted(parted({"country": ["CN"] * 30 + ["FR"] * 20 + ["MC"], "nickname": ["Kit"] + [None] * 50}))
    ['country']
    """
    found = {}
    for name, values in sorted(attributes.items()):
        counts = Counter(value for value in values if value)
        many = sorted(
            (value for value, times in counts.items() if times >= FEWEST), key=lambda one: (-counts[one], one)
        )
        if many:
            found[name] = Groups.told(values, sorted(many[:MOST]))
    return found
