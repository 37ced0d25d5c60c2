"""amounts and lines of an event → integer minor units of the shop's currency."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from zhiyin.domain.event import Line
from zhiyin.domain.money import to_minor
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say
from zhiyin.loop.collect.arrival import MAX_ID
from zhiyin.loop.collect.draft import Draft
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.order_ids import ONCE, order_id

TOTALS = ("total", "revenue", "value")  # the first that is there counts
_ALIASES = {
    "RMB": "CNY",
    "CNH": "CNY",
    "元": "CNY",
    "人民币": "CNY",
    "US$": "USD",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
}
_SIGNS = re.compile(r"(?i)cny|rmb|usd|eur|gbp|hkd|twd|jpy|nt\$|hk\$|us\$|人民币|元|[¥￥$€£\s]")
_DECIMAL_COMMA = re.compile(r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})*|[0-9]+),[0-9]{1,2}$")
_MOST = 2**31 - 1  # pieces of one item


class _Bad(ValueError):
    """What is no amount; carries the sentence that says so."""


def amounts(draft: Draft, facts: Facts) -> Draft | Reject:
    """The amount and the products of an event, in the shop's currency."""
    properties = draft.properties
    if "order_id" in properties:
        order = order_id(properties["order_id"])
        if order is not None and len(order) > MAX_ID:
            if draft.name in ONCE:
                detail = say("order_id is longer than {most} characters", most=MAX_ID)
                return draft.reject(RejectReason.TOO_LARGE, detail)
            order = order[:MAX_ID]
        draft.order_id = order
    products = properties.pop("products", None)
    if products is None:
        if "product_id" in properties or "sku" in properties:
            products = [properties]
        elif _TOTALS.isdisjoint(properties):
            return draft
    currency = facts.currency
    try:
        draft.amount = _amount(properties, currency)
        if products is not None:
            draft.products = _lines(products, currency)
    except _Bad as error:
        return draft.reject(RejectReason.BAD_NUMBER, error.args[0])
    if draft.amount is None and not draft.products:
        return draft
    stated = properties.get("currency")
    if stated is not None and _code(stated, currency) != currency:
        detail = say(
            "the currency is {stated!r}; send amounts in {currency}",
            stated=str(stated)[:20],
            currency=currency,
        )
        return draft.reject(RejectReason.BAD_CURRENCY, detail)
    if draft.amount is not None:
        if draft.amount < 0:
            return draft.reject(RejectReason.NEGATIVE_PRICE, _negative())
        draft.currency = currency
    for line in draft.products:
        if line.price is not None and line.price < 0:
            return draft.reject(RejectReason.NEGATIVE_PRICE, _negative())
    return draft


_TOTALS = frozenset(TOTALS)


def _negative() -> str:
    return say("amounts must not be negative; send an Order Refunded")


def _code(stated: Any, shop: str) -> str:
    """The code of a currency as people write it."""
    text = str(stated).strip().upper()
    if text in ("¥", "￥"):  # the sign of two currencies
        return shop if shop in ("CNY", "JPY") else text
    return _ALIASES.get(text, text)


def _amount(properties: dict[str, Any], currency: str) -> int | None:
    for name in TOTALS:
        value = properties.get(name)
        if value is not None:
            minor = minor_units(value, currency)
            if minor is None:
                raise _Bad(say("{name} is {value!r}, not an amount", name=name, value=str(value)[:100]))
            return minor
    return None


def minor_units(value: Any, currency: str) -> int | None:
    """An amount as clients write it, in minor units; None for what is none."""
    kind = type(value)
    if kind is str:
        if len(value) > 50:
            return None
        value = _SIGNS.sub("", unicodedata.normalize("NFKC", value)).replace("−", "-")
        if _DECIMAL_COMMA.match(value):
            value = value.replace(".", "").replace(",", ".")
    elif kind is not int and kind is not float:
        return None
    try:
        return to_minor(value, currency)
    except ValueError:
        return None


def _lines(listed: Any, currency: str) -> tuple[Line, ...]:
    if type(listed) is not list:
        raise _Bad(say("products must be a list"))
    lines = []
    for product in listed:
        if type(product) is not dict:
            continue
        item = product.get("product_id")
        if item is None:
            item = product.get("sku")
        if type(item) not in (str, int):
            continue  # a line without an item says nothing
        quantity, price = product.get("quantity"), product.get("price")
        pieces = 1 if quantity is None else pieces_of(quantity)
        minor = None if price is None else minor_units(price, currency)
        if pieces is None or (minor is None and price is not None):
            raise _Bad(
                say(
                    "product {item!r} has quantity {quantity!r} and price {price!r}",
                    item=str(item)[:100],
                    quantity=str(quantity)[:100],
                    price=str(price)[:100],
                )
            )
        category = product.get("category")
        lines.append(Line(str(item)[:200], pieces, minor, category[:200] if type(category) is str else None))
    return tuple(lines)


def pieces_of(value: Any) -> int | None:
    """A quantity as clients write it, None for what is none."""
    if type(value) is int:
        pieces = value
    elif type(value) in (str, float):
        try:
            pieces = int(float(value))
        except (ValueError, OverflowError):
            return None
    else:
        return None
    return pieces if abs(pieces) <= _MOST else None
