"""The whole path on The Complete Journey: 2,469 households, 1.47 million lines of a grocery chain in 2017.

Every count is compared with one worked out straight from the files, by other means.
"""

from __future__ import annotations

import csv
import email
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhiyin.adapters.records.models import Customer, Message
from zhiyin.services import (
    campaigns,
    imports,
    ingest,
    profiles,
    reports,
    segments,
    sending,
    training,
)
from zhiyin.services.workspace import Workspace
from zhiyin.simulate.mailbox import Mailbox

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "complete-journey"
AS_OF = datetime(2018, 1, 2, tzinfo=UTC)

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("complete_journey"),
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the data set is not at {FOLDER}"),
]


def household_orders() -> dict[str, dict[str, Any]]:
    """Baskets, cents, first and last moment of every household, from the file alone."""
    table = pq.read_table(FOLDER / "transactions.parquet")
    table = table.append_column(
        "cents", pc.cast(pc.round(pc.multiply(table["sales_value"], 100.0)), pa.int64())
    )
    baskets = table.group_by(["household_id", "basket_id"]).aggregate(
        [("cents", "sum"), ("transaction_timestamp", "min")]
    )
    houses = baskets.group_by("household_id").aggregate(
        [
            ("basket_id", "count"),
            ("cents_sum", "sum"),
            ("transaction_timestamp_min", "min"),
            ("transaction_timestamp_min", "max"),
        ]
    )
    return {
        str(row["household_id"]): {
            "orders": row["basket_id_count"],
            "revenue": row["cents_sum_sum"],
            "first": row["transaction_timestamp_min_min"].to_pydatetime(warn=False),
            "last": row["transaction_timestamp_min_max"].to_pydatetime(warn=False),
        }
        for row in houses.to_pylist()
    }


def write_customers(path: Path, households: dict[str, Any]) -> None:
    stated = {str(r["household_id"]): r for r in pq.read_table(FOLDER / "demographics.parquet").to_pylist()}
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["household_id", "email", "age", "income", "kids_count"])
        for house in households:
            row = stated.get(house, {})
            writer.writerow(
                [house, f"h{house}@example.com", *(row.get(k) for k in ("age", "income", "kids_count"))]
            )


def fifth(values: dict[str, float]) -> dict[str, int]:
    """The fifth of each value among all, the middle of equal ones: by counting, not by ranking."""
    counted = Counter(values.values())
    below, score = 0, {}
    for value in sorted(counted):
        score[value] = 1 + int(5 * (below + counted[value] / 2) / len(values))
        below += counted[value]
    return {key: score[value] for key, value in values.items()}


def test_the_whole_path(make_workspace: Callable[..., Workspace], tmp_path: Path) -> None:
    with Mailbox() as mailbox:
        ws = make_workspace(
            shop__timezone="UTC",
            shop__currency="USD",
            smtp__host="127.0.0.1",
            smtp__port=mailbox.port,
            smtp__security="none",
            sender__email="shop@example.com",
            profile__personal=False,  # one number for all, so that the rule can be counted below
            simulation__clock=f"{AS_OF.isoformat()}|{datetime.now(UTC).isoformat()}|1",
        )
        expected = household_orders()
        write_customers(tmp_path / "customers.csv", expected)

        # import: every row is accounted for, and doing it twice changes nothing
        people = imports.run(ws, "customers", [tmp_path / "customers.csv"])
        assert (people.read, people.imported, people.rejected) == (2469, 2469, 0)
        goods = imports.run(ws, "items", [FOLDER / "products.parquet"])
        assert (goods.read, goods.imported, goods.rejected) == (92331, 92331, 0)
        for _ in range(2):
            lines = imports.run(ws, "orders", [FOLDER / "transactions.parquet"])
            assert (lines.read, lines.imported, lines.rejected) == (1469307, 1469307, 0)
            assert ingest.counts(ws) == {"Order Completed": 155848}

        # profile: orders, revenue and last order of every household, exactly
        profiles.run(ws)
        found = {c.customer_id: c for c in Customer.objects.all()}
        assert {k: (v.orders, v.revenue) for k, v in found.items()} == {
            k: (v["orders"], v["revenue"]) for k, v in expected.items()
        }
        moments = {k: v.last_order_at.replace(tzinfo=None) for k, v in found.items()}
        assert moments == {k: v["last"] for k, v in expected.items()}

        # RFM: the fifths that counting gives
        as_of = AS_OF.replace(tzinfo=None)
        recency = {k: (as_of - v["last"]).days for k, v in expected.items()}
        scores = [fifth({k: -v for k, v in recency.items()})]
        scores += [fifth({k: v[name] for k, v in expected.items()}) for name in ("orders", "revenue")]
        assert {k: (v.r, v.f, v.m) for k, v in found.items()} == {
            k: tuple(score[k] for score in scores) for k in expected
        }

        # lifecycle: the documented rule, with the gap as the median of the households' usual gaps
        usual = [
            (v["last"] - v["first"]).total_seconds() / (v["orders"] - 1) / 86400
            for v in expected.values()
            if v["orders"] > 1
        ]
        gap = max(1, int(median(usual) + 0.5))
        lapsed = {
            k for k, days in recency.items() if days > 3 * gap and (as_of - expected[k]["first"]).days > gap
        }
        assert {k for k, v in found.items() if v.lifecycle == "lapsed"} == lapsed

        # segments: the counts that the file gives
        rule = {
            "all": [
                {"trait": "orders", "at_least": 50},
                {"did": "Order Completed", "at_least": 5, "within": "30d"},
                {"trait": "age", "in": ["25-34", "35-44"]},
            ]
        }
        demographics = pq.read_table(FOLDER / "demographics.parquet").to_pylist()
        young = {str(r["household_id"]) for r in demographics if r["age"] in ("25-34", "35-44")}
        table = pq.read_table(
            FOLDER / "transactions.parquet", columns=["household_id", "basket_id", "transaction_timestamp"]
        )
        recent = table.filter(
            pc.greater(
                table["transaction_timestamp"], pa.scalar(as_of - timedelta(days=30), pa.timestamp("ns"))
            )
        )
        baskets = recent.group_by("household_id").aggregate([("basket_id", "count_distinct")]).to_pylist()
        often = {str(r["household_id"]) for r in baskets if r["basket_id_count_distinct"] >= 5}
        loyal = {k for k in expected if expected[k]["orders"] >= 50 and k in often and k in young}
        segments.create(ws, "young-regulars", "Young regulars", rule)
        assert set(segments.members(ws, rule)) == loyal
        assert segments.count(ws, rule).count == len(loyal)

        # recommendations, and a campaign to the segment through a real mail server
        training.train(ws, ["item_neighbours"], placed=["email"], budget=timedelta(seconds=30))
        Customer.objects.filter(pk__in=sorted(loyal)[:5]).update(email="")  # five without an address
        allowed = imports.run(ws, "customers", [tmp_path / "customers.csv"], consent=True)
        assert allowed.unchanged + allowed.new == 2469
        Customer.objects.filter(pk__in=sorted(loyal)[:5]).update(email="")
        campaigns.create(
            ws, key="thanks", name="Thanks", segment="young-regulars", template="picks-en", holdout=0.2,
            seed="thanks",
        )  # fmt: skip
        campaigns.start(ws, "thanks")
        sending.run_until_done(ws, "thanks")
        rows = list(Message.objects.values_list("customer_id", "status", "reason"))
        assert {row[0] for row in rows} == loyal
        mailed = {slip.to for slip in mailbox.slips}
        assert len(mailed) == len(mailbox.slips), "somebody was mailed twice"
        by_status = Counter(status for _, status, _ in rows)
        assert set(by_status) == {"held_out", "refused", "accepted"}
        assert {customer for customer, status, _ in rows if status == "refused"} <= set(sorted(loyal)[:5])
        assert {f"h{customer}@example.com" for customer, status, _ in rows if status == "accepted"} == mailed
        one = email.message_from_bytes(mailbox.content(mailbox.slips[0]), policy=policy.default)
        assert one["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert one.get_body(("html",)) is not None
        assert one.get_body(("plain",)) is not None

        report = reports.campaign(ws, "thanks").to_dict()
        accounted = report["accounted"]
        assert accounted["planned"] == len(loyal)
        assert accounted["held_out"] == by_status["held_out"]
