"""Interactions: what a customer did with an item."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

Kind = Literal["bought", "added", "viewed"]

# How much each kind says about taste, relative to a purchase.
KIND_WEIGHTS: Mapping[str, float] = {"bought": 1.0, "added": 0.6, "viewed": 0.3}


class Interaction(NamedTuple):
    """The latest time at which a customer bought, added to the basket or viewed an item.

    A tuple, since a send reads tens of thousands of them in a second. ``at`` is aware, UTC.
    """

    item_id: str
    kind: str
    at: datetime
