"""What a model would show to the shop's customers: how much of the catalogue, how much of it what is popular."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from zhiyin.domain.placement import Placement

if TYPE_CHECKING:
    from zhiyin.loop.recommend.arrays import CSR
    from zhiyin.loop.recommend.data import Data
    from zhiyin.loop.recommend.queries import Queries
    from zhiyin.loop.recommend.serving import Served

LOOKED_AT = 2_000  # customers, evenly spaced
N = 10  # items shown to each
_TIMED = 100
_POINTS = 20  # of the curve
NAMED = 12  # items never shown that are named
BOUGHT = "bought"
_FOR_ALL = ("group_popularity", "popularity", "random", "trending")  # what they show is nobody's own


def masked(asked: Queries, placement: Placement) -> CSR | None:
    """What a placement's rules keep from whom: what was bought lately."""
    from zhiyin.loop.recommend.log import KINDS

    if placement.exclude_bought_days is None:
        return None
    lately = asked.age <= placement.exclude_bought_days
    return asked.chosen((asked.kind == KINDS.index(BOUGHT)) & lately)


def shown(model: Served, data: Data, placement: Placement) -> dict[str, Any]:
    """Of ``N`` items to each of some customers: how many items anybody sees and which of the others are taken
    most, the share of the places that the model fills itself, the share that the most popular tenth of the items
    has beside its share of what is taken, and the curve of places over items, the most shown first.
    """
    asked = data.queries(_some(data, LOOKED_AT))
    best = model.best(asked, N, masked=masked(asked, placement))
    items = best.items
    offered = data.catalogue.available
    times = np.bincount(items[items >= 0], minlength=data.items)[offered].astype(np.float64)
    taken = np.bincount(data.latest.item, minlength=data.items)[offered].astype(np.float64)
    popular = np.argsort(-taken, kind="stable")[: max(1, len(taken) // 10)]
    never = np.flatnonzero(times == 0)
    never = never[np.argsort(-taken[never], kind="stable")][:NAMED]
    falling = np.cumsum(np.sort(times)[::-1])
    marks = np.linspace(0, len(times), _POINTS + 1).astype(int)
    total = max(times.sum(), 1.0)
    return {
        "model": model.name,
        "customers": len(asked),
        "items": int(offered.sum()),
        "shown_items": int((times > 0).sum()),
        "personal": 0.0 if model.name in _FOR_ALL else float(best.own.sum() / max((items >= 0).sum(), 1)),
        "never": model.shelf.item_ids[offered][never].tolist(),
        "cold": int((taken == 0).sum()),
        "top_tenth_shown": float(times[popular].sum() / total),
        "top_tenth_taken": float(taken[popular].sum() / max(taken.sum(), 1.0)),
        "curve": [
            [
                round(float(mark / max(len(times), 1)), 4),
                round(float(falling[mark - 1] / total) if mark else 0.0, 4),
            ]
            for mark in marks
        ],
    }


def reply_ms(model: Served, data: Data) -> float:
    """Milliseconds within which 99 of 100 customers, asked one by one, are answered, with reasons."""
    asked = data.queries(_some(data, _TIMED))
    took = []
    for row in range(len(asked)):
        begun = time.perf_counter()
        model.answer(asked.block(row, row + 1), N)
        took.append(time.perf_counter() - begun)
    return round(1000 * float(np.quantile(took, 0.99)), 2) if took else 0.0


def _some(data: Data, most: int) -> Any:
    known = np.flatnonzero(np.bincount(data.log.user, minlength=data.users))
    return known[np.unique(np.linspace(0, max(len(known) - 1, 0), min(most, len(known))).astype(int))]
