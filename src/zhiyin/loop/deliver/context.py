"""customer + items → what a template can say: the variables of Liquid, and which of them exist."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from zhiyin.domain.customer import COMPUTED_TRAITS, Customer
from zhiyin.domain.item import Item
from zhiyin.domain.money import display

STATED = ("customer_id", "name", "email", "phone", "language", "created_at")
SHOP = ("name", "address", "currency", "language")
CAMPAIGN = ("key", "name")
ITEM = ("item_id", "name", "category", "price", "url", "image_url", "reason")
ROOTS = ("customer", "shop", "campaign", "recommendations", "preheader", "today", "unsubscribe_url")
DATA = "data"  # what a message of its own is given, under any names
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def of_customer(customer: Customer) -> dict[str, Any]:
    """The variable ``customer``: who they are and their traits; what is empty is nil, so ``default`` works."""
    traits = {str(name): clean(value) for name, value in customer.traits.items()}
    own = {name: clean(getattr(customer, name)) for name in STATED}
    return {**traits, **{name: value if value != "" else None for name, value in own.items()}}


def of_item(item: Item, reason: str, language: str, currency: str) -> dict[str, Any]:
    """One entry of the variable ``recommendations``, in the customer's language."""
    price = "" if item.price is None else display(item.price, item.currency or currency)
    values = {
        "item_id": item.item_id,
        "name": item.name_in(language),
        "category": item.category,
        "price": price,
        "url": item.url,
        "image_url": item.image_url,
        "reason": reason,
    }
    return {name: clean(value) or None for name, value in values.items()}


def known(
    path: Sequence[str], traits: frozenset[str] = frozenset(), *, data: bool = False
) -> tuple[str, ...] | None:
    """None where the variable exists; else the names that exist in its place.

    ``traits`` are the stated traits that some customer has; with ``data`` there is what a message is given.

    >>> known(("customer", "lifecycle")) is None
    True
    >>> known(("shop", "colour"))
    ('name', 'address', 'currency', 'language')
    """
    if data and path[0] == DATA:
        return None
    if path[0] not in ROOTS:
        return (*ROOTS, DATA) if data else ROOTS
    fields: Mapping[str, tuple[str, ...]] = {"shop": SHOP, "campaign": CAMPAIGN}
    if path[0] == "customer" and len(path) > 1:
        names = (*STATED, *COMPUTED_TRAITS, *sorted(traits))
        return None if path[1] in names else names
    if path[0] in fields and len(path) > 1:
        return None if path[1] in fields[path[0]] else fields[path[0]]
    if path[0] == "recommendations":
        after = [part for part in path[1:] if not part.isdigit() and part not in ("*", "first", "last")]
        if after and after[0] != "size" and after[0] not in ITEM:
            return ITEM
    return None


def clean(value: Any) -> Any:
    """A value without control characters, which could end a header or fake a mark."""
    return _CONTROL.sub("", value) if isinstance(value, str) else value
