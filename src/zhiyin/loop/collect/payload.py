"""payload of the Segment spec → event, or a reject with a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from zhiyin.domain.event import Event, EventType, Line
from zhiyin.domain.money import to_minor
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say

TYPES: Mapping[str, EventType] = {
    "track": "track",
    "identify": "identify",
    "page": "page",
    "screen": "screen",
    "group": "group",
    "alias": "alias",
}
MAX_BYTES = 32 * 1024
MAX_DEPTH = 32  # objects and lists within each other
FUTURE = timedelta(minutes=5)  # clocks of clients differ by that much even after the correction
_NOBODY = {"", "null", "undefined", "none", "nan", "anonymous", "0", "-1", "[object object]"}
_MAX_ID = 200
_MAX_QUANTITY = 2**31 - 1


def understand(
    payload: Mapping[str, Any], *, received_at: datetime, sent_at: str | None, currency: str, source: str
) -> Event | Reject:
    """The event that a payload describes.

    ``sent_at`` is the batch's, used where the message has none of its own. ``currency`` is the shop's, for
    amounts that name none. The moment is corrected for the client's clock as the Segment spec says:
    ``timestamp = received_at - (sentAt - originalTimestamp)``, never after ``received_at``.
    """
    kind = TYPES.get(str(payload.get("type", "")))
    if kind is None:
        return _reject(
            RejectReason.UNKNOWN_TYPE,
            say("type is {type!r}, not one of the spec", type=payload.get("type")),
            payload,
        )
    customer_id, anonymous_id = _person(payload.get("userId")), _person(payload.get("anonymousId"))
    if not customer_id and not anonymous_id:
        return _reject(RejectReason.MISSING_ID, say("neither userId nor anonymousId names anybody"), payload)
    message_id = payload.get("messageId")
    if not isinstance(message_id, str) or not 0 < len(message_id) <= _MAX_ID:
        return _reject(
            RejectReason.MISSING_FIELD, say("messageId is missing or longer than 200 characters"), payload
        )
    name = str(payload.get("event") or "") if kind == "track" else str(payload.get("name") or kind)
    if not name:
        return _reject(RejectReason.MISSING_FIELD, say("a track payload needs an event name"), payload)
    try:
        at = moment(payload, received_at=received_at, sent_at=sent_at)
    except ValueError as error:
        return _reject(RejectReason.BAD_DATE, error.args[0], payload)
    properties = payload.get("properties") or {}
    if kind == "identify":
        context = payload.get("context")
        stated = (context.get("traits") if isinstance(context, Mapping) else None) or {}
        traits = payload.get("traits") or {}
        if not isinstance(stated, Mapping) or not isinstance(traits, Mapping):
            return _reject(RejectReason.BAD_ROW, say("traits must be an object"), payload)
        properties = {**stated, **traits}
    elif kind in ("group", "alias"):
        properties = {
            key: payload[key] for key in ("groupId", "previousId", "traits") if payload.get(key) is not None
        }
    if not isinstance(properties, Mapping):
        return _reject(RejectReason.BAD_ROW, say("properties must be an object"), payload)
    money = str(properties.get("currency") or currency).upper()
    try:
        amount = _amount(properties, money)
        products = _products(properties, money)
    except ValueError as error:
        return _reject(RejectReason.BAD_NUMBER, error.args[0], payload)
    if (amount is not None and amount < 0) or any((line.price or 0) < 0 for line in products):
        return _reject(
            RejectReason.NEGATIVE_PRICE, say("amounts must not be negative; send an Order Refunded"), payload
        )
    order_id = properties.get("order_id")
    return Event(
        event_id=message_id,
        type=kind,
        name=name,
        timestamp=at,
        customer_id=customer_id,
        anonymous_id=anonymous_id,
        source=source,
        order_id=str(order_id) if order_id not in (None, "") else None,
        amount=amount,
        currency=money if amount is not None else None,
        products=products,
        properties={key: value for key, value in properties.items() if key != "products"},
    )


def too_deep(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether objects and lists are nested so deeply that readers further on may give up.

    >>> too_deep({"a": [1, {"b": 2}]}), too_deep([[[]]], depth=2)
    (False, True)
    """
    if not isinstance(value, dict | list):
        return False
    within = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(too_deep(part, depth - 1) for part in within)


def moment(payload: Mapping[str, Any], *, received_at: datetime, sent_at: str | None) -> datetime:
    """When it happened, corrected for the client's clock. Raises ``ValueError`` for a time that is none.

    >>> from datetime import datetime, UTC
    >>> moment({"timestamp": "2026-03-01T10:00:00Z"}, sent_at="2026-03-01T10:00:05Z",
    ...        received_at=datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)).isoformat()
    '2026-03-01T12:00:00+00:00'
    """
    original = payload.get("originalTimestamp") or payload.get("timestamp")
    if original is None:
        return received_at
    at = _time(original)
    sent = payload.get("sentAt") or sent_at
    if sent is not None:
        skew = received_at - _time(sent)
        if abs(skew) > FUTURE:  # a few minutes are the network's and the queue's, not the clock's
            at = _moved(at, skew)
    if at > received_at + FUTURE and sent is None:
        raise ValueError(say("timestamp {original} lies in the future", original=original))
    return min(at, received_at)


def _time(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(say("{value!r} is not an ISO 8601 time", value=value)) from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not 1990 <= at.year <= 9000:
        raise ValueError(say("{value!r} is not a time of this age", value=value))
    return at.astimezone(UTC)


def _moved(at: datetime, skew: timedelta) -> datetime:
    try:
        moved = at + skew
    except OverflowError:
        raise ValueError(
            say("sentAt and timestamp are {days} days apart from now", days=abs(skew.days))
        ) from None
    if moved.year < 1990:
        raise ValueError(say("corrected by sentAt, {at} is not a time of this age", at=at.isoformat()))
    return moved


def _person(value: Any) -> str | None:
    if value is None or isinstance(value, bool | Mapping | list):
        return None
    text = str(value).strip()
    fits = len(text) <= _MAX_ID and "\x00" not in text  # PostgreSQL keeps no NUL
    return text if fits and text.lower() not in _NOBODY else None


def _amount(properties: Mapping[str, Any], currency: str) -> int | None:
    for name in ("total", "revenue", "value"):
        if properties.get(name) is not None:
            try:
                return to_minor(properties[name], currency)
            except ValueError:
                raise ValueError(
                    say("{name} is {value!r}, not an amount", name=name, value=properties[name])
                ) from None
    return None


def _products(properties: Mapping[str, Any], currency: str) -> tuple[Line, ...]:
    listed = properties.get("products")
    if listed is None and properties.get("product_id") is not None:
        listed = [properties]
    if listed is None:
        return ()
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise ValueError(say("products must be a list"))
    lines = []
    for product in listed:
        item = product.get("product_id", product.get("sku")) if isinstance(product, Mapping) else None
        if item in (None, ""):
            continue
        quantity, price = product.get("quantity", 1), product.get("price")
        try:
            lines.append(
                Line(
                    str(item),
                    _quantity(quantity),
                    None if price is None else to_minor(price, currency),
                    str(product["category"]) if product.get("category") else None,
                )
            )
        except (ValueError, TypeError, OverflowError):
            raise ValueError(
                say(
                    "product {item!r} has quantity {quantity!r} and price {price!r}",
                    item=item,
                    quantity=quantity,
                    price=price,
                )
            ) from None
    return tuple(lines)


def _quantity(value: Any) -> int:
    quantity = int(float(value))
    if abs(quantity) > _MAX_QUANTITY:
        raise ValueError
    return quantity


def _reject(reason: RejectReason, detail: str, payload: Mapping[str, Any]) -> Reject:
    return Reject(0, reason, detail, json.dumps(payload, ensure_ascii=False, default=str)[:MAX_BYTES])
