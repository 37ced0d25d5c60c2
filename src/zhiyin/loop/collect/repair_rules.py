"""The ready-made repairs of each reason, and which field of a payload offends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhiyin.domain.event import OWN_NAMES
from zhiyin.domain.reasons import RejectReason
from zhiyin.loop.collect.repair import Change, Repair, at
from zhiyin.loop.collect.repair_amounts import is_negative, is_no_number, offending
from zhiyin.loop.collect.repair_names import largest
from zhiyin.loop.collect.shape import OWN_IDS

AS_IS = Repair("as_is")
_TIMES = ("timestamp", "originalTimestamp", "sentAt")
_OF_RECEIPT = tuple(Change("drop", name) for name in _TIMES)
# where shops put the id of a person, the likeliest first
_PERSONS = (
    "properties.user_id", "properties.userId", "properties.customer_id", "properties.customerId",
    "properties.member_id", "properties.uid", "traits.id", "traits.user_id", "traits.customer_id",
    "context.traits.id", "context.traits.user_id", "context.traits.customer_id", "user_id", "customer_id",
    "traits.email", "context.traits.email", "properties.email",
)  # fmt: skip
_VISITORS = ("properties.anonymous_id", "context.device.id", "properties.device_id", "context.sessionId")


def _named(path: str, field: str) -> Repair:
    return Repair(f"{field}:{path}", RejectReason.MISSING_ID, (Change("copy", field, path),))


# the first that repairs something is the one to propose
READY: Mapping[str, tuple[Repair, ...]] = {
    RejectReason.NEGATIVE_PRICE: (
        Repair("refund", RejectReason.NEGATIVE_PRICE, (Change("refund"),)),
        Repair("positive", RejectReason.NEGATIVE_PRICE, (Change("positive"),)),
    ),
    RejectReason.FUTURE_DATE: (Repair("time_of_receipt", RejectReason.FUTURE_DATE, _OF_RECEIPT),),
    RejectReason.BAD_DATE: (Repair("time_of_receipt", RejectReason.BAD_DATE, _OF_RECEIPT),),
    RejectReason.MISSING_ID: (
        *(_named(path, "userId") for path in _PERSONS),
        *(_named(path, "anonymousId") for path in _VISITORS),
    ),
    RejectReason.MISSING_FIELD: (
        Repair("event_from_name", RejectReason.MISSING_FIELD, (Change("copy", "event", "name"),)),
        Repair(
            "event_from_properties",
            RejectReason.MISSING_FIELD,
            (Change("copy", "event", "properties.event"),),
        ),
        Repair("event_unnamed", RejectReason.MISSING_FIELD, (Change("set", "event", "Unnamed Event"),)),
    ),
    RejectReason.BAD_NUMBER: (
        Repair("numbers", RejectReason.BAD_NUMBER, (Change("numbers"),)),
        Repair("no_numbers", RejectReason.BAD_NUMBER, (Change("no_numbers"),)),
    ),
    RejectReason.BAD_CURRENCY: (
        Repair("shop_currency", RejectReason.BAD_CURRENCY, (Change("drop", "properties.currency"),)),
    ),
    RejectReason.BAD_EMAIL: (
        Repair(
            "no_email",
            RejectReason.BAD_EMAIL,
            (Change("drop", "traits.email"), Change("drop", "context.traits.email")),
        ),
    ),
    RejectReason.BAD_ROW: (
        Repair(
            "no_properties", RejectReason.BAD_ROW, (Change("drop", "properties"), Change("drop", "traits"))
        ),
    ),
    RejectReason.TOO_LARGE: (Repair("smaller", RejectReason.TOO_LARGE, (Change("smaller"),)),),
    RejectReason.RESERVED_NAME: (Repair("external", RejectReason.RESERVED_NAME, (Change("external"),)),),
    RejectReason.BOT: (Repair("person", RejectReason.BOT, (Change("drop", "context.userAgent"),)),),
    RejectReason.UNKNOWN_TYPE: (
        Repair("typed", RejectReason.UNKNOWN_TYPE, (Change("typed"),)),
        Repair("track", RejectReason.UNKNOWN_TYPE, (Change("set", "type", "track"),)),
    ),
}


def ready(reason: str) -> tuple[Repair, ...]:
    """The ready-made repairs of a reason; the last is to send them again as they are.

    >>> [rule.name for rule in ready("negative_price")]
    ['refund', 'positive', 'as_is']
    """
    return (*READY.get(reason, ()), AS_IS)


def find(name: str, reason: str = "") -> Repair | None:
    """The ready-made repair of a name."""
    rules = [rule for rule in (*(r for rules in READY.values() for r in rules), AS_IS) if rule.name == name]
    return next((rule for rule in rules if rule.reason == reason), rules[0] if rules else None)


def marked(reason: str, payload: Any) -> list[str]:
    """The paths of the fields for which a payload was rejected; also of those that it lacks.

    >>> marked("negative_price", {"event": "Order Completed", "properties": {"total": -5, "revenue": 5}})
    ['properties.total']
    """
    if not isinstance(payload, dict):
        return []
    match reason:
        case RejectReason.NEGATIVE_PRICE:
            return offending(payload, is_negative)
        case RejectReason.BAD_NUMBER:
            return offending(payload, is_no_number) or ["properties.products"]
        case RejectReason.MISSING_ID:
            return ["userId", "anonymousId"]
        case RejectReason.BAD_DATE | RejectReason.FUTURE_DATE:
            return [name for name in _TIMES if payload.get(name) is not None][:2]
        case RejectReason.TOO_LARGE:
            found = largest(payload)
            return [".".join(found)] if found else []
        case RejectReason.RESERVED_NAME:
            own = str(payload.get("messageId")).startswith(OWN_IDS)
            named = "event" if payload.get("event") in OWN_NAMES else "name"
            return ["messageId"] if own and payload.get(named) not in OWN_NAMES else [named]
        case RejectReason.BAD_EMAIL:
            return [
                path for path in ("traits.email", "context.traits.email") if at(payload, path) is not None
            ]
        case RejectReason.BAD_ROW:
            return [name for name in ("properties", "traits") if not isinstance(payload.get(name, {}), dict)]
    plain = {
        RejectReason.MISSING_FIELD: "event",
        RejectReason.UNKNOWN_TYPE: "type",
        RejectReason.BAD_CURRENCY: "properties.currency",
        RejectReason.BOT: "context.userAgent",
    }
    return [plain[RejectReason(reason)]] if reason in plain else []
