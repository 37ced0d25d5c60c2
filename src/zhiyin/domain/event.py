"""Events: everything that happens, in the words of the Segment spec."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

EventType = Literal["track", "identify", "page", "screen", "group", "alias"]

PRODUCT_VIEWED = "Product Viewed"
PRODUCT_ADDED = "Product Added"
PRODUCTS_SEARCHED = "Products Searched"
ORDER_COMPLETED = "Order Completed"
ORDER_REFUNDED = "Order Refunded"
ORDER_CANCELLED = "Order Cancelled"
MESSAGE_DECIDED = "Message Decided"
MESSAGE_REFUSED = "Message Refused"
EMAIL_SENT = "Email Sent"
EMAIL_DELIVERED = "Email Delivered"
EMAIL_BOUNCED = "Email Bounced"
EMAIL_MARKED_AS_SPAM = "Email Marked as Spam"
EMAIL_OPENED = "Email Opened"
EMAIL_LINK_CLICKED = "Email Link Clicked"
UNSUBSCRIBED = "Unsubscribed"
MESSAGE_OPENED = (
    "Message Opened"  # a person opened it, see ``domain/engagement``; the raw hits are Email Opened
)
MESSAGE_CLICKED = "Message Clicked"  # a person followed a link of it
CONSENT_CHANGED = "Consent Changed"
SUPPRESSION_LIFTED = "Suppression Lifted"  # a later yes took the address off the list of the unsubscribed
CONTACT_REVEALED = "Contact Revealed"  # somebody looked at masked contact data in the console
SEGMENT_ENTERED = "Segment Entered"
SEGMENT_EXITED = "Segment Exited"

# What only we ourselves may state: a report must not be fooled by whoever holds a write key.
OWN_NAMES = frozenset(
    {
        MESSAGE_DECIDED,
        MESSAGE_REFUSED,
        EMAIL_SENT,
        EMAIL_DELIVERED,
        EMAIL_BOUNCED,
        EMAIL_MARKED_AS_SPAM,
        EMAIL_OPENED,
        EMAIL_LINK_CLICKED,
        MESSAGE_OPENED,
        MESSAGE_CLICKED,
        UNSUBSCRIBED,
        CONSENT_CHANGED,
        SUPPRESSION_LIFTED,
        CONTACT_REVEALED,
        SEGMENT_ENTERED,
        SEGMENT_EXITED,
    }
)


# Structs rather than dataclasses, which take sixteen times as long to make: there are tens of thousands a second
class Line(msgspec.Struct, frozen=True, gc=False):
    """One item of an order: its id, how many, the price of one in minor units, and its category."""

    item_id: str
    quantity: int = 1
    price: int | None = None
    category: str | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened to one person, or to nobody known.

    ``timestamp`` is aware, UTC. ``amount`` is in minor units of ``currency``: revenue of an order (refunds
    carry the positive amount given back). ``products`` are the lines of an order, or the one item viewed.
    ``session_id`` is the id of the first event of the visit. ``context`` tells what it came from, as far as
    known: ``device`` (type, os, browser), ``page`` (url, path, title), ``referrer`` (url, medium, source),
    ``utm``, ``ip``, ``locale``, ``timezone``, ``library``.
    """

    event_id: str
    type: EventType
    name: str
    timestamp: datetime
    customer_id: str | None = None
    anonymous_id: str | None = None
    source: str = ""
    order_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    campaign: str | None = None
    products: tuple[Line, ...] = ()
    properties: Mapping[str, object] = {}
    session_id: str | None = None
    context: Mapping[str, object] = {}
