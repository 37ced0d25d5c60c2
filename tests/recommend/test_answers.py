"""What the first three recommenders answer stays what it was before they became arithmetic on arrays.

``answers.json`` was written by their former code: item, score, reason, causes; for five customers and a new one.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from zhiyin.domain.interaction import Interaction
from zhiyin.domain.item import Item
from zhiyin.loop.recommend.ease import Ease
from zhiyin.loop.recommend.interface import Recommender
from zhiyin.loop.recommend.item_neighbours import ItemNeighbours
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.testing.recommender import NOW, serve

ANSWERS = json.loads((Path(__file__).parent / "answers.json").read_text("utf-8"))
MODELS = {
    "popularity": Popularity(),
    "item_neighbours": ItemNeighbours(),
    "neighbours_few": ItemNeighbours(k=5, shrinkage=2.0, half_life=20.0, trend=0.0),
    "ease": Ease(l2=50.0),
    "ease_tail": Ease(l2=20.0, max_items=25, keep=10),
}


def world() -> list[tuple[str, str, str, int]]:
    """(customer, item, kind, microseconds ago), the latest of each, of customers with four tastes."""
    rng = np.random.default_rng(20260301)
    customers, items, rows = 150, 40, 2500
    customer = rng.integers(0, customers, rows)
    near = (customer % 4) * 10 + rng.integers(0, 10, rows)
    item = np.where(rng.random(rows) < 0.7, near, (items * rng.random(rows) ** 2).astype(int))
    kind = rng.integers(0, 3, rows)
    ago = rng.integers(0, 300 * 86_400 * 1_000_000, rows)
    latest: dict[tuple[str, str, str], int] = {}
    for c, i, k, a in zip(customer.tolist(), item.tolist(), kind.tolist(), ago.tolist(), strict=True):
        key = (f"c{c}", f"i{i:02}", ("bought", "added", "viewed")[k])
        latest[key] = min(a, latest.get(key, a))
    return [(*key, a) for key, a in latest.items()]


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_what_they_were(name: str) -> None:
    rows = world()
    steps = pa.table(
        {
            "customer_id": [row[0] for row in rows],
            "item_id": [row[1] for row in rows],
            "kind": [row[2] for row in rows],
            "at": pa.array([(NOW - timedelta(microseconds=row[3])).replace(tzinfo=None) for row in rows]),
        }
    )
    items = [Item(f"i{n:02}", f"Item {n}", available=n not in (3, 17)) for n in range(40) if n != 25]
    histories = [
        [
            Interaction(row[1], row[2], NOW - timedelta(microseconds=row[3]))
            for row in sorted((row for row in rows if row[0] == f"c{c}"), key=lambda row: row[3])
        ][: 3 + 2 * c]
        for c in range(4, 9)
    ]
    excludes = [{event.item_id for event in history[:3]} for history in histories]
    model: Recommender = MODELS[name]
    answers = serve(model, steps, items).recommend_many(
        [*histories, []], 5, exclude=["i05"], excludes=[*excludes, set()]
    )
    told = [[[r.item_id, r.reason, list(r.because)] for r in answer] for answer in answers]
    assert told == [[[item, reason, because] for item, _, reason, because in one] for one in ANSWERS[name]]
    for answer, former in zip(answers, ANSWERS[name], strict=True):
        for r, (_, score, reason, _) in zip(answer, former, strict=True):
            if reason != "popular":  # what fills up has the same order, and another number
                assert r.score == pytest.approx(score, abs=4e-6)  # popularity was added to it
