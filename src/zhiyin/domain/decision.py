"""Decisions: what was chosen for a person, among what, by which chance, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

SEND: Final = "send"
HOLDOUT: Final = "holdout"
REFUSE: Final = "refuse"
Choice = Literal["send", "holdout", "refuse"]


@dataclass(frozen=True, slots=True)
class Alternative:
    """One thing that could have been done, with the chance it had of being chosen."""

    choice: str
    probability: float


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was checked: its code, whether it held, and the figures behind it."""

    code: str
    holds: bool
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """The record of one decision for one customer; explainable to them, replayable by ``measure``.

    ``assigned`` is the arm by chance alone (before any refusal), the group in which the customer is counted.
    """

    customer_id: str
    choice: Choice
    assigned: Choice
    probability: float
    alternatives: tuple[Alternative, ...]
    facts: tuple[Fact, ...]
    versions: Mapping[str, str]
    reason: str = ""
