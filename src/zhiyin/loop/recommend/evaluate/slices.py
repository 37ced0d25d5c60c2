"""Questions told apart: by how much is known of the customer, and by segment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhiyin.loop.recommend.arrays import I32, I64
from zhiyin.loop.recommend.evaluate.task import Slice


def by_activity(lengths: I64) -> Slice:
    """New customers (no history), and the others in three parts of about equal size by the length of theirs.

    Equal lengths stay together, so there may be fewer parts. Names tell the lengths, such as ``1-4``.

    >>> by_activity(np.array([0, 1, 1, 2, 3, 8, 9])).names
    ('0', '1', '2-3', '8-9')
    """
    known = np.sort(lengths[lengths > 0])
    places = [len(known) * part // 3 for part in (1, 2, 3)]
    bounds = np.unique([int(known[place - 1]) for place in places if place])
    of = np.where(lengths > 0, np.searchsorted(bounds, lengths) + 1, 0)  # the first bound that is not below
    names = ["0"]
    for part in range(len(bounds)):
        inside = known[np.searchsorted(bounds, known) == part]
        low, high = int(inside.min()), int(inside.max())
        names.append(f"{low}" if low == high else f"{low}-{high}")
    found = of[:, None] == np.arange(len(names))
    return Slice(tuple(names), found) if found[:, 0].any() else Slice(tuple(names[1:]), found[:, 1:])


def by_segment(segments: I32, names: Sequence[str]) -> Slice:
    """By the customer's segment at the cut, -1 for none."""
    return Slice(tuple(names), segments[:, None] == np.arange(len(names)))
