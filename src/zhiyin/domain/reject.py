"""Rejects: rows and payloads not taken in, kept with their reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken in: where it stood, why, and what it said."""

    line: int
    reason: str
    detail: str
    raw: str
