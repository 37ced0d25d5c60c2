"""The log: events in arrays, one row each, in the order in which they happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyin.domain.interaction import KIND_WEIGHTS
from zhiyin.loop.recommend.arrays import F32, I8, I32, I64

KINDS = (*KIND_WEIGHTS, "basket", "rated")  # what a kind's number means, while learning and while serving
WEIGHTS = np.array([KIND_WEIGHTS.get(kind, 1.0) for kind in KINDS], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Log:
    """Events, one row each, in the order of (at, user, item, kind). Make one with ``Log.of``, which sorts.

    ``at`` is the place in the file where there are no times (``Data.timed`` says so). ``kind`` counts in
    ``Data.kinds``; ``weight`` is what it says about taste, next to a purchase. ``session`` and ``basket`` are
    numbers, -1 for none. ``rating`` is None where nobody rated; it may be negative.
    """

    user: I32
    item: I32
    at: I64
    kind: I8
    weight: F32
    session: I32
    basket: I32
    rating: F32 | None = None

    @classmethod
    def of(
        cls,
        user: Any,
        item: Any,
        at: Any,
        *,
        kind: Any = 0,
        weight: Any = None,
        session: Any = -1,
        basket: Any = -1,
        rating: Any = None,
    ) -> Log:
        """The log of columns in any order; a number stands for a whole column. Weights are those of the kinds.

        >>> Log.of([1, 0], [5, 6], [20, 10]).item.tolist()
        [6, 5]
        """
        size = len(np.atleast_1d(user))

        def column(values: Any, kind: Any) -> Any:
            return np.broadcast_to(np.asarray(values, dtype=kind), size)

        users, items, moments = column(user, np.int32), column(item, np.int32), column(at, np.int64)
        kinds = column(kind, np.int8)
        weights = column(WEIGHTS[kinds] if weight is None else weight, np.float32)
        sessions, baskets = column(session, np.int32), column(basket, np.int32)
        ratings = None if rating is None else column(rating, np.float32)
        last = (baskets, sessions, weights) if ratings is None else (baskets, sessions, ratings, weights)
        order = np.lexsort((*last, kinds, items, users, moments))
        return cls(
            users[order],
            items[order],
            moments[order],
            kinds[order],
            weights[order],
            sessions[order],
            baskets[order],
            None if ratings is None else ratings[order],
        )

    def __len__(self) -> int:
        return len(self.user)

    def rows(self, chosen: Any) -> Log:
        """The log of some rows: a mask, or positions that rise."""
        return Log(
            self.user[chosen],
            self.item[chosen],
            self.at[chosen],
            self.kind[chosen],
            self.weight[chosen],
            self.session[chosen],
            self.basket[chosen],
            None if self.rating is None else self.rating[chosen],
        )
