"""The breaker of a channel: whether messages may go through it, and when it is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BreakerState(StrEnum):
    """``closed`` (all goes) → ``open`` (nothing goes) → ``half_open`` (a few try) → ``closed`` or ``open``."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """Where a channel stands.

    ``failures`` are those of the server itself in a row; ``openings`` how often it opened without anything
    accepted since. ``next_try`` is None while it is closed, and where time alone cures nothing: a password that
    is refused stays refused. ``mark`` stands for the settings under which it opened.
    """

    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    openings: int = 0
    reason: str = ""
    detail: str = ""
    opened_at: datetime | None = None
    next_try: datetime | None = None
    mark: str = ""
