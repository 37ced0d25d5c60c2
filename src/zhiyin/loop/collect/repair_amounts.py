"""Repairs of money and numbers in a payload: signs, marks of thousands, and what is no number at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED
from zhiyin.loop.collect.amounts import TOTALS, minor_units, pieces_of

_OF_LINES = ("price", "quantity")
_MARKS = re.compile(
    r"(?i)cny|rmb|yuan|usd|dollars?|eur|euros?|gbp|hkd|twd|jpy|yen|nt\$|hk\$|us\$|人民币|元整?|圆|块|[¥￥$€£\s'_]"
)
_UNITS = re.compile(r"(?i)(?:pcs|pc|pieces?|units?|x|件|个|盒|袋|罐|瓶|包|份)\.?$")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")  # 1,234.50
_POINTS = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,2}|[+-]?[0-9]+,[0-9]{1,2}")  # 1.234,50
_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_WIDE = str.maketrans("０１２３４５６７８９．－＋，", "0123456789.-+,")
_ORDERS = frozenset({ORDER_COMPLETED, ORDER_REFUNDED})
_NONE = object()
One = Callable[[str, Any], Any]  # name and value → value


def positive(payload: dict[str, Any]) -> dict[str, Any] | None:
    """Amounts, prices and quantities without their minus.

    >>> positive({"properties": {"total": "-12.50", "products": [{"price": -5}]}})
    {'properties': {'total': '12.50', 'products': [{'price': 5}]}}
    """
    return _each(payload, lambda name, value: _unsigned(value) if _negative(value) else value)


def refund(payload: dict[str, Any]) -> dict[str, Any] | None:
    """An order with a negative amount is money given back: an Order Refunded of the positive amount.

    A line with a negative price in an order of a positive amount is a discount, not a refund: None, as for
    events that are no orders.
    """
    properties = payload.get("properties")
    if payload.get("type", "track") != "track" or not isinstance(properties, dict):
        return None
    event = payload.get("event")
    total = next((properties[name] for name in TOTALS if properties.get(name) is not None), None)
    if event not in (*_ORDERS, ORDER_CANCELLED) or not _negative(total):
        return None
    return positive(payload if event == ORDER_CANCELLED else {**payload, "event": ORDER_REFUNDED})


def numbers(payload: dict[str, Any]) -> dict[str, Any] | None:
    """Numbers as people write them, as plain ones; those that are understood stay as they are.

    >>> numbers({"properties": {"total": "¥1,234.50", "products": [{"quantity": "2 pcs"}]}})
    {'properties': {'total': '¥1,234.50', 'products': [{'quantity': '2'}]}}
    """
    return _each(payload, lambda name, value: value if _fine(name, value) else _read(name, value))


def no_numbers(payload: dict[str, Any]) -> dict[str, Any] | None:
    """Amounts, prices and quantities that are no numbers, left out; the event is kept without them."""
    return _each(payload, lambda name, value: value if _fine(name, value) else _NONE)


def offending(payload: dict[str, Any], wrong: Callable[[str, Any], bool]) -> list[str]:
    """The paths of the amounts, prices and quantities that are wrong."""
    found: list[str] = []
    properties = payload.get("properties")
    if not isinstance(properties, dict):
        return found
    found += [f"properties.{name}" for name in TOTALS if properties.get(name) is not None
              and wrong(name, properties[name])]  # fmt: skip
    products = properties.get("products")
    lines = enumerate(products) if isinstance(products, list) else ()
    for number, line in lines:
        if isinstance(line, dict):
            found += [f"properties.products.{number}.{name}" for name in _OF_LINES
                      if line.get(name) is not None and wrong(name, line[name])]  # fmt: skip
    if products is None and ("product_id" in properties or "sku" in properties):
        found += [f"properties.{name}" for name in _OF_LINES if properties.get(name) is not None
                  and wrong(name, properties[name])]  # fmt: skip
    return found


def is_negative(name: str, value: Any) -> bool:
    """Whether an amount is written with a minus."""
    return _negative(value)


def is_no_number(name: str, value: Any) -> bool:
    """Whether an amount or a quantity cannot be read as it is."""
    return not _fine(name, value)


def _each(payload: dict[str, Any], one: One) -> dict[str, Any] | None:
    """A copy in which ``one`` has seen the totals, and the prices and quantities of all lines."""
    properties = payload.get("properties")
    if not isinstance(properties, dict):
        return None
    products = properties.get("products")
    own = TOTALS if isinstance(products, list) else (*TOTALS, *_OF_LINES)
    changed = _mapped(properties, own, one)
    if isinstance(products, list):
        changed["products"] = [
            _mapped(line, _OF_LINES, one) if isinstance(line, dict) else line for line in products
        ]
    return {**payload, "properties": changed}


def _mapped(values: dict[str, Any], names: tuple[str, ...], one: One) -> dict[str, Any]:
    told = {
        name: one(name, value) if name in names and value is not None else value
        for name, value in values.items()
    }
    return {name: value for name, value in told.items() if value is not _NONE}


def _negative(value: Any) -> bool:
    if type(value) in (int, float):
        return bool(value < 0)
    return type(value) is str and _MARKS.sub("", value).startswith("-") and value.count("-") == 1


def _unsigned(value: Any) -> Any:
    return value.replace("-", "", 1).strip() if type(value) is str else -value


def _fine(name: str, value: Any) -> bool:
    """Whether the pipeline reads it without help."""
    return (pieces_of(value) if name == "quantity" else minor_units(value, "CNY")) is not None


def _read(name: str, value: Any) -> Any:
    """A plain number for a text that is one to people; the same where it is none."""
    if type(value) is not str or len(value) > 50:
        return value
    text = _MARKS.sub("", value.translate(_WIDE))
    if name == "quantity":
        text = _UNITS.sub("", text)
    if text[:1] == "(" and text[-1:] == ")":
        text = "-" + text[1:-1]  # as accountants write it
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif _POINTS.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    return text if _PLAIN.fullmatch(text) else value
