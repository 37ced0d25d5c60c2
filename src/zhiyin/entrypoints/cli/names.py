"""How the command line calls things in sentences about rules: as they are called in the rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PlainNames:
    """Names as they are; money of ``currency`` with its symbol, moments to the minute in UTC."""

    currency: str

    def event(self, name: str) -> str:
        """The name of an event."""
        return name

    def trait(self, name: str) -> str:
        """The name of a trait."""
        return name

    def property(self, name: str) -> str:
        """The name of a property of an event."""
        return name

    def value(self, name: str, raw: object) -> str:
        """A value of a trait or property, times and days included."""
        from zhiyin.domain.money import display

        if name == "amount" and isinstance(raw, int):
            return display(raw, self.currency)
        return f"{raw:%Y-%m-%d %H:%M}" if isinstance(raw, datetime) else str(raw)

    def segment(self, key: str) -> str:
        """The name of a segment."""
        return key
