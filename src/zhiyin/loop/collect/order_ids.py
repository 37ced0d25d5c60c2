"""Ids of the events of an order: the same by whichever way it comes, so that it counts once.

An order is completed once and cancelled once: ``order:<id>`` and ``cancel:<id>``. One that names no customer counts
for nobody and must not keep out the one that does: it is a guest's, ``guest:order:<id>``. Refunds may be several.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED

CHECKOUT_STARTED = "Checkout Started"
PREFIXES = {
    ORDER_COMPLETED: "order:",
    ORDER_REFUNDED: "refund:",
    ORDER_CANCELLED: "cancel:",
    CHECKOUT_STARTED: "checkout:",
}
ONCE = frozenset({ORDER_COMPLETED, ORDER_CANCELLED})  # what happens to an order at most once
GUEST = "guest:"
_NOTHING = frozenset(
    {
        "",
        "-",
        "--",
        "null",
        "(null)",
        "none",
        "nan",
        "n/a",
        "#n/a",
        "na",
        "undefined",
        "\\n",
        "[object object]",
    }
)
_LONGEST_NOTHING = max(map(len, _NOTHING))


def order_id(value: Any) -> str | None:
    """The id of an order as clients write it, None for what is none.

    >>> order_id(" T-1001 "), order_id(1001), order_id(1001.0), order_id("N/A"), order_id(True)
    ('T-1001', '1001', '1001', None, None)
    """
    kind = type(value)
    if kind is float and value.is_integer() and abs(value) < 1e15:
        value, kind = int(value), int
    if kind is int:
        return str(value)
    if kind is not str:
        return None
    text: str = value.strip()
    return None if len(text) <= _LONGEST_NOTHING and text.lower() in _NOTHING else text


def event_ids(name: str, order: str) -> tuple[str, str]:
    """The id of an event that happens once to an order, and the same of a guest's.

    >>> event_ids("Order Completed", "1")
    ('order:1', 'guest:order:1')
    """
    found = PREFIXES[name] + order
    return found, GUEST + found


def asked(payload: Mapping[str, Any], properties: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids under which a payload may be known as something that happens once to an order; none of others."""
    named, order = payload.get("event"), order_id(properties["order_id"])
    name = named.strip() if type(named) is str else ""
    return event_ids(name, order) if order is not None and name in ONCE else ()


def column(event: pa.Array, order: pa.Array, customer: pa.Array) -> pa.Array:
    """The same for whole columns: the ids of what happens once to an order, null for everything else."""
    names = pa.array(sorted(ONCE))
    prefixes = pa.array([PREFIXES[name] for name in sorted(ONCE)]).take(pc.index_in(event, value_set=names))
    guest = pc.if_else(pc.is_valid(customer), "", GUEST)
    return pc.binary_join_element_wise(guest, prefixes, order, "")
