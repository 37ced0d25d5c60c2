"""Recommendations: an item for a person, with the reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One ranked item. ``reason`` is a code (``because_bought``, ``popular``, …), ``because`` the item ids
    behind it, strongest first."""

    item_id: str
    score: float
    reason: str
    because: tuple[str, ...] = ()
