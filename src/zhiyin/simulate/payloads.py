"""what a customer does in the shop → payloads of the tracking API, as the shop's server would send them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from zhiyin.domain.event import ORDER_COMPLETED, PRODUCT_VIEWED
from zhiyin.simulate.habits import Act, Do
from zhiyin.simulate.market import CURRENCY, Market


def payload(market: Market, act: Act, begin: datetime) -> dict[str, Any]:
    """The payload of an order or of an item looked at; times count from ``begin``."""
    lines = [_line(market, item, quantity) for item, quantity in act.items]
    number = f"{act.customer}-{act.at}-{act.items[0][0]}"
    if act.do == Do.ORDER:
        amount = total(market, act) / 100
        name, properties = ORDER_COMPLETED, {
            "order_id": f"w{number}",
            "total": amount,
            "revenue": amount,
            "currency": CURRENCY,
            "products": lines,
        }  # fmt: skip
    else:
        name, properties = PRODUCT_VIEWED, {**lines[0], "currency": CURRENCY}
    return {
        "type": "track",
        "event": name,
        "userId": f"c{act.customer:07d}",
        "messageId": f"{act.do}-{number}",
        "timestamp": (begin + timedelta(seconds=act.at)).isoformat(),
        "properties": properties,
    }


def total(market: Market, act: Act) -> int:
    """What an order costs, in minor units."""
    return sum(int(market.catalogue.price[item]) * quantity for item, quantity in act.items)


def _line(market: Market, item: int, quantity: int) -> dict[str, Any]:
    items = market.catalogue
    return {
        "product_id": items.item_id[item],
        "name": items.name[item],
        "category": market.category_names[items.category[item]],
        "quantity": quantity,
        "price": int(items.price[item]) / 100,
    }
