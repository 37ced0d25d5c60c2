"""The market: the same seed gives the same world, and what people do follows from who they are."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow.compute as pc
import pytest

from zhiyin.simulate.market import BLOCK, Market

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(BLOCK + 300, UNTIL, seed=3)


def test_blocks_do_not_depend_on_each_other(market: Market) -> None:
    in_order = [market.customer_table(block) for block in market.blocks()]
    backwards = [market.customer_table(market.block(number)) for number in (1, 0)][::-1]
    assert all(a.equals(b) for a, b in zip(in_order, backwards, strict=True))
    assert [table.num_rows for table in in_order] == [BLOCK, 300]


def test_the_same_seed_gives_the_same_world_and_another_seed_another(market: Market) -> None:
    def orders(of: Market):
        block = of.block(1)
        return of.order_table(block, of.orders(block))

    assert orders(market).equals(orders(Market(market.customers, UNTIL, seed=3)))
    assert not orders(market).equals(orders(Market(market.customers, UNTIL, seed=4)))


def test_everything_happens_within_the_history_and_a_customers_stay(market: Market) -> None:
    block = market.block(0)
    orders = market.orders(block)
    views = market.views(block, orders)
    length = market.days * 86_400
    for at in (orders.at, views.at, orders.changed):
        assert (at >= 0).all()
        assert (at < length).all()
    assert (orders.at >= np.floor(block.people.arrival[orders.customer] * 86_400)).all()
    late = orders.at - block.people.departure[orders.customer] * 86_400
    assert (late < 3600).all()  # the first order follows within an hour of arriving


def test_customers_buy_what_they_like(market: Market) -> None:
    block = market.block(0)
    orders = market.orders(block)
    taste = block.people.taste
    category = market.catalogue.category[orders.item]
    bought = taste[orders.customer[orders.order], category].mean()
    at_random = taste[orders.customer[orders.order]].mean()
    assert bought > at_random + 0.5


def test_customers_buy_at_prices_they_like(market: Market) -> None:
    block = market.block(0)
    orders = market.orders(block)
    dear = block.people.level[orders.customer[orders.order]] > 0.5
    price = market.catalogue.price[orders.item]
    assert price[dear].mean() > 1.4 * price[~dear].mean()


def test_expected_spend_is_what_orders_amount_to(market: Market) -> None:
    block = market.block(0)
    orders = market.orders(block)
    amount = np.bincount(orders.order, market.catalogue.price[orders.item] * orders.quantity)
    expected = block.responses.spend[orders.customer]
    error = (amount - expected).std() / np.sqrt(len(amount))
    assert abs(amount.mean() - expected.mean()) < 4 * error


def test_every_order_has_a_line_and_no_item_twice(market: Market) -> None:
    orders = market.orders(market.block(0))
    assert set(orders.order) == set(range(len(orders)))
    pairs = list(zip(orders.order.tolist(), orders.item.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))


def test_what_is_sent_back_was_bought_before(market: Market) -> None:
    block = market.block(0)
    table = market.order_table(block, market.orders(block))
    bought = table.filter(pc.greater(table["quantity"], 0))
    back = table.filter(pc.less(table["quantity"], 0))
    assert set(bought["status"].to_pylist()) == {"completed", "cancelled"}
    assert set(back["status"].to_pylist()) == {"refunded"}
    lines = {(row["order_id"], row["item_id"]): row for row in bought.to_pylist()}
    for row in back.to_pylist():
        line = lines[row["order_id"], row["item_id"]]
        assert row["ordered_at"] > line["ordered_at"]
        assert row["quantity"] == -line["quantity"]


def test_customers_write_both_languages_and_their_addresses_are_reserved(market: Market) -> None:
    table = market.customer_table(market.block(0))
    assert set(table["language"].to_pylist()) == {"en", "zh-Hans"}
    emails = [email for email in table["email"].to_pylist() if email]
    assert len(emails) == len(set(emails)) > 0.9 * BLOCK
    assert {email.split("@")[1] for email in emails} == {"example.com", "example.org", "example.net"}
    assert all(email.isascii() for email in emails)
    assert set(table["email_consent"].to_pylist()) == {"yes", "no", None}


def test_some_orders_and_visits_are_nobodys(market: Market) -> None:
    block = market.block(0)
    orders = market.orders(block)
    table, views = market.order_table(block, orders), market.view_table(block, market.views(block, orders))
    assert 0 < table["customer_id"].null_count < 0.1 * table.num_rows
    assert views["customer_id"].null_count == views.num_rows - views["anonymous_id"].null_count > 0


def test_truth_covers_every_customer_in_order(market: Market) -> None:
    truth = market.truth()
    assert len(truth) == market.customers
    assert (truth.treated[BLOCK:] == market.block(1).responses.treated).all()
    departed = market.block(0).people.departure < market.days
    assert (truth.baseline[:BLOCK][departed] < 0.01).all()


def test_items_have_names_in_both_languages_and_no_name_twice() -> None:
    items = Market(1, UNTIL).item_table()
    assert items.num_rows == 300
    for column in ("item_id", "name", "name_zh"):
        assert len(set(items[column].to_pylist())) == 300
    assert min(items["price"].to_pylist()) > 0
