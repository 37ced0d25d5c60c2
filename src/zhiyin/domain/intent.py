"""Intents: that a program wants to say something to somebody, before it is decided."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Intent:
    """One wish to write to one customer. Its five parts are the unique key of the send ledger."""

    program: str
    customer_id: str
    step: str = "send"
    channel: str = "email"
    occurrence: str = "1"
