"""What a shop wants shown or not shown at a placement, whatever a model says: pinned items, items left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from zhiyin.domain.item import Item
from zhiyin.domain.placement import Placement

UNAVAILABLE, BOUGHT, EXCLUDED, PRESENT = "unavailable", "bought", "excluded", "present"


@dataclass(frozen=True, slots=True)
class Pins:
    """The pinned items that come first, in order, and those that do not, each with the reason."""

    shown: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def pins(
    placement: Placement,
    items: Mapping[str, Item],
    bought: Collection[str] = (),
    present: Collection[str] = (),
) -> Pins:
    """The pinned items for one customer, who ``bought`` some lately; ``present`` ones are being looked at or in the
    basket.

    >>> pins(Placement("home", "Home", pinned=("a", "b")), {"a": Item("a", "Tea"), "b": Item("b", "Pot")}, ["b"])
    Pins(shown=('a',), left_out=(('b', 'bought'),))
    """
    shown, left = [], []
    for item_id in placement.pinned:
        item = items.get(item_id)
        if item is None or not item.available:
            left.append((item_id, UNAVAILABLE))
        elif excluded(placement, item):
            left.append((item_id, EXCLUDED))
        elif item_id in present:
            left.append((item_id, PRESENT))
        elif item_id in bought:
            left.append((item_id, BOUGHT))
        else:
            shown.append(item_id)
    return Pins(tuple(shown), tuple(left))


def excluded(placement: Placement, item: Item) -> bool:
    """Whether an item is never shown at a placement."""
    return item.item_id in placement.excluded_items or item.category in placement.excluded_categories
