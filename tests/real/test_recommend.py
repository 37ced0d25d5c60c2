"""Real purchases: the Complete Journey, what households buy for the first time in October.

Protocol: global time split at 2017-10-01, trained strictly before; targets are products new to the household
in the month after, what it had is not shown; every product that ten households had bought before the cut is
ranked. Repeats are left out since a shopping list would win: the question is what to show somebody that they
have not found themselves. October is a month that no default was chosen on (those were, on the two after it).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhiyin.domain.item import Item
from zhiyin.loop.recommend.ease import Ease
from zhiyin.loop.recommend.evaluate import compare, measure, task
from zhiyin.loop.recommend.item_neighbours import ItemNeighbours
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.testing.recommender import serve

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "complete-journey"
CUT, UNTIL = datetime(2017, 10, 1, tzinfo=UTC), datetime(2017, 11, 1, tzinfo=UTC)
KEYS = ["customer_id", "item_id", "kind"]

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="the Complete Journey data are not beside the project"),
]


def purchases() -> pa.Table:
    columns = ["household_id", "product_id", "transaction_timestamp"]
    lines = pq.read_table(DATA / "transactions.parquet", columns=columns)
    return pa.table(
        {
            "customer_id": lines["household_id"].cast(pa.string()),
            "item_id": lines["product_id"].cast(pa.string()),
            "kind": pa.repeat(pa.scalar("bought"), lines.num_rows),
            "at": lines["transaction_timestamp"].cast(pa.timestamp("us")),
        }
    )


def latest(rows: pa.Table) -> pa.Table:
    grouped = rows.group_by(KEYS).aggregate([("at", "max"), ("at", "count")])
    return grouped.select([*KEYS, "at_max", "at_count"]).rename_columns([*KEYS, "at", "times"])


def test_neighbours_and_ease_beat_popularity() -> None:
    rows = purchases()
    cut, until = (pa.scalar(at.replace(tzinfo=None), pa.timestamp("us")) for at in (CUT, UNTIL))
    train = latest(rows.filter(pc.less(rows["at"], cut)))
    test = latest(rows.filter(pc.and_(pc.greater_equal(rows["at"], cut), pc.less(rows["at"], until))))
    households = train.group_by("item_id").aggregate([("customer_id", "count")])
    on_offer = households.filter(pc.greater_equal(households["customer_id_count"], 10))["item_id"]
    items = [Item(item_id, item_id) for item_id in sorted(on_offer.to_pylist())]
    asked = task(train, test, items, CUT, rng=np.random.default_rng(0))
    figures = {
        name: measure(serve(model, train, items, CUT), asked)
        for name, model in (
            ("popularity", Popularity()),
            ("item_neighbours", ItemNeighbours()),
            ("ease", Ease()),
        )
    }
    found = compare(asked, UNTIL, figures, np.random.default_rng(0))
    assert found.customers > 1_900
    for score in found.models[1:]:
        for better in (score.better_recall, score.better_ndcg):
            assert better is not None
            assert better.low is not None
            assert better.low > 0, (score.name, better)
