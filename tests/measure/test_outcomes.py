"""Outcomes: the frames agree on both engines, and rows become groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from zhiyin.adapters.lake import Lake
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import MESSAGE_DECIDED, ORDER_COMPLETED, ORDER_REFUNDED, PRODUCT_VIEWED, Event
from zhiyin.loop.measure.outcomes import Responses, arms, decided, outcomes

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = START + timedelta(days=30)


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)], scope="module")
def lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("outcomes") / "lake", engine_name=request.param)

    def event(number: int, name: str, customer: str, days: float, **more: object) -> Event:
        return Event(
            event_id=str(number), type="track", name=name, timestamp=START + timedelta(days=days),
            customer_id=customer, **more,  # type: ignore[arg-type]
        )  # fmt: skip

    arm = {"ann": "send", "bob": "holdout", "eve": "send"}
    rows = [
        *(
            event(i, MESSAGE_DECIDED, who, i, campaign="spring", properties={"assigned": assigned})
            for i, (who, assigned) in enumerate(arm.items())
        ),
        event(10, MESSAGE_DECIDED, "ann", 3, campaign="spring", properties={"assigned": "send"}),
        event(11, MESSAGE_DECIDED, "dan", 0, campaign="summer", properties={"assigned": "send"}),
        event(20, ORDER_COMPLETED, "ann", -1, order_id="a0", amount=1),
        event(21, ORDER_COMPLETED, "ann", 0, order_id="a1", amount=10),
        event(22, ORDER_REFUNDED, "ann", 6.9, order_id="a1", amount=4),
        event(23, ORDER_COMPLETED, "ann", 7, order_id="a2", amount=100),
        event(24, ORDER_COMPLETED, "bob", 7.9, order_id="b1", amount=1000),
        event(25, ORDER_COMPLETED, "dan", 1, order_id="d1", amount=7),
        event(26, PRODUCT_VIEWED, "eve", 3),
    ]
    lake.append(
        "events", events_to_table(rows, timezone=ZoneInfo("UTC"), received_at=LATER), app_id="t", version=1
    )
    return lake


def people(lake: Lake) -> pa.Table:
    return lake.collect(decided(lake.events(["assigned"]), ["spring"], LATER).sort("customer_id"))


def test_the_time_of_the_first_decision_counts(lake: Lake) -> None:
    rows = people(lake).select(["customer_id", "at", "assigned"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (who, (START + timedelta(days=i)).replace(tzinfo=None), arm)
        for i, (who, arm) in enumerate((("ann", "send"), ("bob", "holdout"), ("eve", "send")))
    ]


def test_everyone_has_a_clock_of_their_own(lake: Lake) -> None:
    them = people(lake)
    them = them.append_column("until", pc.add(them["at"], pa.scalar(timedelta(days=7))))
    frame = outcomes(lake.engine.table(them), lake.events(), START, LATER)
    rows = lake.collect(frame.select("customer_id", "event", "amount").sort("customer_id", "event"))
    assert rows.to_pylist() == [
        {"customer_id": "ann", "event": ORDER_COMPLETED, "amount": 10},
        {"customer_id": "ann", "event": ORDER_REFUNDED, "amount": 4},
        {"customer_id": "bob", "event": ORDER_COMPLETED, "amount": 1000},
    ]


def test_cancelled_orders_are_no_purchase_and_others_of_the_same_person_are() -> None:
    # person 0: order 1 cancelled; person 1: order 2 cancelled, order 3 kept; person 2 is held out
    rows = Responses(
        person=np.array([0, 0, 1, 1, 1, 2]),
        held=np.array([False, False, False, False, False, True]),
        elapsed=np.zeros(6),
        event=np.array([0, 2, 0, 2, 0, 0]),
        order=np.array([1, 1, 2, 2, 3, -1]),
        amount=np.array([5.0, -5.0, 7.0, -7.0, 3.0, 4.0]),
    )
    message, holdout = arms(rows, 10, 5)
    assert (message.n, message.bought, message.revenue.total) == (10, 1, 3)
    assert (holdout.n, holdout.bought, holdout.revenue.total) == (5, 1, 4)
