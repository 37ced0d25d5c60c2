"""What customers do after a letter: in line with the truth, and the same for those who got none."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from zhiyin.simulate.habits import Act, Do, live
from zhiyin.simulate.market import BLOCK, Block, Market
from zhiyin.simulate.payloads import payload, total

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)
MARKET = Market(BLOCK, UNTIL, seed=5)


@pytest.fixture(scope="module")
def block() -> Block:
    return MARKET.block(0)


def acts(block: Block, mailed: bool, days: float = 7, market: Market = MARKET) -> list[Act]:
    return list(live(market, block, np.full(len(block), mailed), days))


def test_those_without_a_letter_only_look_and_buy(block: Block) -> None:
    assert {act.do for act in acts(block, False)} == {Do.VIEW, Do.ORDER}


def test_orders_agree_with_the_truth_with_and_without_letters() -> None:
    bought, chance = Counter(), Counter()
    for seed in range(8):
        market = Market(BLOCK, UNTIL, seed=seed)
        block = market.block(0)
        for mailed in (True, False):
            bought[mailed] += sum(act.do == Do.ORDER for act in acts(block, mailed, market=market))
            chance[mailed] += block.responses.chance(np.full(len(block), mailed)).sum()
    for mailed in (True, False):
        assert abs(bought[mailed] - chance[mailed]) < 4 * np.sqrt(chance[mailed])


def test_a_letter_to_some_changes_nothing_for_the_others(block: Block) -> None:
    mailed = np.arange(len(block)) % 2 == 0
    others = {
        act for act in live(MARKET, block, mailed, 8) if act.customer % 2 == 0
    }  # numbers start at one, so these got none
    assert others == {act for act in acts(block, False, 8) if act.customer % 2 == 0}


def test_the_persuaded_read_before_they_buy(block: Block) -> None:
    without = {act.customer for act in acts(block, False) if act.do == Do.ORDER}
    done = acts(block, True)
    opened: dict[int, int] = {}
    for act in done:
        if act.do == Do.OPEN:
            opened[act.customer] = min(act.at, opened.get(act.customer, act.at))
    persuaded = [act for act in done if act.do == Do.ORDER and act.customer not in without]
    assert len(persuaded) > 50
    assert all(opened[act.customer] <= act.at for act in persuaded)


def test_orders_of_the_window_lie_in_it_and_later_ones_after_it(block: Block) -> None:
    at = np.array([act.at for act in acts(block, True, 9) if act.do == Do.ORDER])
    assert (at > 0).all()
    assert (at < 9 * 86_400).all()
    inside = at < 7 * 86_400
    assert 0 < (~inside).sum() < inside.sum()


def test_the_annoyed_leave_most(block: Block) -> None:
    left = {a.customer - 1 for a in acts(block, True) if a.do in (Do.UNSUBSCRIBE, Do.UNSUBSCRIBE_PAGE)}
    annoyed = np.flatnonzero(block.responses.group == 3)
    assert len(left & set(annoyed.tolist())) > 0.15 * len(annoyed)
    assert len(left) < 0.1 * len(block)


def test_an_order_is_an_order_completed_of_the_spec(block: Block) -> None:
    order = next(act for act in acts(block, False) if act.do == Do.ORDER and len(act.items) > 1)
    sent = payload(MARKET, order, UNTIL)
    properties = sent["properties"]
    assert (sent["type"], sent["event"], sent["userId"]) == (
        "track", "Order Completed", f"c{order.customer:07d}",
    )  # fmt: skip
    assert round(100 * properties["total"]) == total(MARKET, order)
    assert total(MARKET, order) == sum(
        round(100 * line["price"]) * line["quantity"] for line in properties["products"]
    )
    assert datetime.fromisoformat(sent["timestamp"]) > UNTIL
