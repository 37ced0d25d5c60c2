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
from zhiyin.loop.recommend.data import moment
from zhiyin.loop.recommend.ease import Ease
from zhiyin.loop.recommend.evaluate import leaks, splits
from zhiyin.loop.recommend.evaluate.compare import compare
from zhiyin.loop.recommend.evaluate.measure import measure
from zhiyin.loop.recommend.histories import learned
from zhiyin.loop.recommend.item_neighbours import ItemNeighbours
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.loop.recommend.queries import LATEST

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "complete-journey"
CUT, UNTIL = datetime(2017, 10, 1, tzinfo=UTC), datetime(2017, 11, 1, tzinfo=UTC)

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


def test_neighbours_and_ease_beat_popularity() -> None:
    rows = purchases()
    cut, until = (pa.scalar(at.replace(tzinfo=None), pa.timestamp("us")) for at in (CUT, UNTIL))
    rows = rows.filter(pc.less(rows["at"], until))
    bought = (
        rows.filter(pc.less(rows["at"], cut))
        .group_by("item_id")
        .aggregate([("customer_id", "count_distinct")])
    )
    on_offer = bought.filter(pc.greater_equal(bought["customer_id_count_distinct"], 10))["item_id"]
    items = [Item(item_id, item_id) for item_id in sorted(on_offer.to_pylist())]
    data = learned(rows, items, UNTIL)
    task = splits.by_time(
        data, moment(CUT), moment(UNTIL), kind="bought", latest=LATEST, rng=np.random.default_rng(0)
    )
    assert leaks.look(task) == []
    figures = {
        name: measure(model.fit(task.data, np.random.default_rng(0)), task, [20])
        for name, model in (
            ("popularity", Popularity()),
            ("item_neighbours", ItemNeighbours()),
            ("ease", Ease()),
        )
    }
    found = compare(task, figures, np.random.default_rng(0), ks=[20])
    assert found.protocol.users > 1_900
    for name in ("item_neighbours", "ease"):
        for metric in ("recall@20", "ndcg@20"):
            lead = found.over_baseline(name, metric)
            assert lead is not None
            assert lead.p_adjusted < 0.001
            assert lead.difference.low is not None
            assert lead.difference.low > 0, (name, metric)
