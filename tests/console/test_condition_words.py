"""Conditions on what events come to, in the words of both languages, and why somebody is in or out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import ORDER_COMPLETED, PRODUCT_ADDED, Event, Line
from zhiyin.entrypoints.console import segment_why, segment_words
from zhiyin.loop.profile.segment_text import parse
from zhiyin.services import profiles
from zhiyin.services.workspace import Workspace


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ('sum("Order Completed", at_least=50000, within="90d", where=[category == "Tea"])',
         "total amount of Order completed is at least ¥500 within 90 days, where category is Tea",
         "最近 90 天内完成订单的金额合计至少 ¥500，其中品类为 Tea"),
        ('not sum("Order Completed", at_least=50000)',
         "total amount of Order completed does not reach ¥500",
         "完成订单的金额合计未达到 ¥500"),
        ('not average("Order Completed", at_least=1000, at_most=50000, within="1d")',
         "not: average amount of Order completed is from ¥10 to ¥500 within 1 day",
         "不满足：最近 1 天内完成订单的平均金额在 ¥10 到 ¥500 之间"),
        ('maximum("Order Completed", of="重量", at_most=2.5)',
         "largest 重量 of Order completed is at most 2.5",
         "完成订单的最大重量至多 2.5"),
        ('distinct("Product Viewed", at_least=5, within="30d")',
         "did Product viewed with at least 5 different items within 30 days",
         "最近 30 天内浏览商品涉及至少 5 种不同的商品"),
        ('not distinct("Product Viewed", of="category", at_least=5)',
         "did Product viewed with fewer than 5 different categories",
         "浏览商品涉及的不同品类少于 5 种"),
        ('first("Order Completed", within="30d")',
         "did Order completed for the first time within 30 days",
         "最近 30 天内首次完成订单"),
        ('not last("Order Completed", before="60d")',
         "not: did Order completed for the last time more than 60 days ago",
         "不满足：60 天以前最后一次完成订单"),
        ('sequence(["Product Added", step("Order Completed", where=[amount >= 10000])], gap="7d", '
         'without=["Order Cancelled"], within="30d")',
         "did Added to basket, then Order completed (amount at least ¥100) within 30 days, each no later than 7 days "
         "after the one before, without Order cancelled in between",
         "最近 30 天内依次加入购物车，然后完成订单（金额不少于 ¥100），每步与上一步相隔不超过 7 天，其间没有取消订单"),
    ],
)  # fmt: skip
def test_each_kind_is_a_sentence(workspace: Workspace, text: str, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert segment_words.sentence(workspace, parse(text)) == english
    with translation.override("zh-hans"):
        assert segment_words.sentence(workspace, parse(text)) == chinese


def test_why_tells_what_was_found(filled: Workspace) -> None:
    now = filled.now()
    events = [
        Event("k1", "track", PRODUCT_ADDED, now - timedelta(days=2), "c9", products=(Line("x"),)),
        Event("k2", "track", ORDER_COMPLETED, now - timedelta(days=1), "c9", amount=32_000),
    ]
    filled.lake.append(
        "events",
        events_to_table(events, timezone=filled.timezone, received_at=now),
        app_id="kinds",
        version=1,
    )
    profiles.run(filled)
    rule = parse(
        'sum("Order Completed", at_least=50000) or average("Product Added", at_least=1) '
        'or distinct("Product Added", at_least=2) or first("Order Cancelled") '
        'or sequence(["Product Added", "Order Completed", "Order Cancelled"])'
    )
    with translation.override("en"):
        found = segment_why.why(filled, rule, "c9")
    assert not found.inside
    assert [fact["found"].partition(" on ")[0] for fact in found.facts] == [
        "Total amount of Order completed: ¥320",
        "Average amount of Added to basket: none in that time",
        "Added to basket: different items: 1",
        "Order cancelled: never",
        "2 of 3 steps, up to Order completed",
    ]
    assert found.facts[0]["needs"] == "needs: total amount of Order completed is at least ¥500"
    with translation.override("zh-hans"):
        told = [fact["found"].partition(" 的")[0] for fact in segment_why.why(filled, rule, "c9").facts]
    assert told[:4] == [
        "完成订单的金额合计：¥320",
        "加入购物车的平均金额：该时段内没有",
        "加入购物车：1 种不同的商品",
        "从未取消订单",
    ]
