"""Doubtful addresses: told where somebody signs up, counted where a file comes in; nothing is refused for it."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from zhiyin.domain.doubt import Doubt, DoubtedAddress
from zhiyin.loop.collect import doubts, normal_forms

SHOWN = 5  # addresses that are named


def of(email: str) -> Doubt | None:
    """What to ask whoever typed an address: whether it is thrown away after use, or what was meant.

    None for an address without doubt, and for what is no address, which a form refuses anyway.
    """
    written = normal_forms.email(email)
    return doubts.doubt(written) if written else None


class Doubts:
    """Counts of doubts by reason, and the first addresses."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.first: list[DoubtedAddress] = []

    def add(self, emails: pa.ChunkedArray) -> None:
        """Count those of a column; each row counts."""
        for email in emails.to_pylist():
            if email and (found := doubts.doubt(email)) is not None:
                self.reasons[found.reason.value] += 1
                if len(self.first) < SHOWN:
                    self.first.append(DoubtedAddress(email, found))
