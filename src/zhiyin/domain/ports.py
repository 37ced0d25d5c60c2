"""Ports: what the inside asks of the outside. Five methods at most each."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from zhiyin.domain.message import Envelope, Receipt


class Channel(Protocol):
    """A way to reach people. One instance serves one worker; ``close`` gives its connections back.

    Threads share an instance. Nothing is raised for what the other side answers: it is a ``Receipt``.
    """

    name: str

    def open(self) -> Receipt | None:
        """Make sure that the other side answers; its refusal where it does not."""
        ...

    def send(self, message: Envelope) -> Receipt:
        """Hand one message over, once."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


class Clock(Protocol):
    """What time it is, aware, UTC. The outermost ring reads it and passes ``now`` inwards."""

    def __call__(self) -> datetime: ...
