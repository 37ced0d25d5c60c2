"""rows of an item file → items: what can be bought, with names, category and price."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.text import say
from zhiyin.loop.collect.cells import one_of
from zhiyin.loop.collect.columns import Column
from zhiyin.loop.collect.customers import NO
from zhiyin.loop.collect.verdict import Rows, Shop, Understood, json_objects

GONE = NO | {
    "out_of_stock",
    "out of stock",
    "sold out",
    "discontinued",
    "inactive",
    "下架",
    "已下架",
    "缺货",
    "售罄",
}


def understand(table: pa.Table, lines: pa.Array, columns: Sequence[Column], shop: Shop) -> Understood:
    """Rows of the dataset ``items``; null is what the file does not say. A missing name is the English or the
    Chinese one."""
    rows = Rows(table, lines, columns, shop)
    item_id = rows.ids("item_id")
    currency, factors = rows.currencies()
    price = rows.money("price", factors)
    negative = pc.fill_null(pc.less(price, 0), False).to_numpy(zero_copy_only=False)
    rows.fail(negative, RejectReason.NEGATIVE_PRICE, "price", say("is below zero"))
    english, chinese = rows.text("name_en"), rows.text("name_zh")
    stated = rows.text("available")
    available = pc.if_else(
        pc.is_valid(stated), pc.invert(pa.array(one_of(stated, GONE))), pa.scalar(None, pa.bool_())
    )
    return rows.verdict(
        {
            "item_id": item_id,
            "name": pc.coalesce(rows.text("name"), english, chinese),
            "names": json_objects([("en", english), ("zh", chinese)], len(rows)),
            "category": rows.text("category"),
            "price": price,
            "currency": pc.if_else(pc.is_valid(price), currency, pa.scalar(None, pa.string())),
            "url": rows.text("url"),
            "image_url": rows.text("image_url"),
            "available": available,
            "properties": json_objects(rows.extras(), len(rows)),
        }
    )
