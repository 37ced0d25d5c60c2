"""Rejects: rows and payloads not taken in, kept with their reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reject:
    """A row or payload that was not taken in: where it stood, why, and what it said.

    ``line`` is that of a file. A payload has a ``position`` in the spool, the ``source`` it came from, when
    it was received, and the customer it names, if any; ``replay`` is the key of the replay it came back from.
    """

    line: int
    reason: str
    detail: str
    raw: str
    position: str = ""
    source: str = ""
    received_at: datetime | None = None
    customer_id: str | None = None
    replay: str = ""
