"""Ports: what the inside asks of the outside. Five methods at most each."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from zhiyin.domain.message import OutgoingEmail, Receipt


class Channel(Protocol):
    """A way to reach people. One instance serves one worker; ``close`` gives its connections back."""

    name: str

    def send(self, message: OutgoingEmail) -> Receipt:
        """Hand one message over; never raises for what the other side answers."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


class Clock(Protocol):
    """What time it is, aware, UTC. The outermost ring reads it and passes ``now`` inwards."""

    def __call__(self) -> datetime: ...
