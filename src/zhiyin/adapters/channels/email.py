"""E-mail by SMTP: pooled connections, shared by threads."""

from __future__ import annotations

import threading

from zhiyin.adapters.channels.smtp import Connection, connect, refused
from zhiyin.domain.message import Envelope, Receipt
from zhiyin.domain.reasons import FailReason
from zhiyin.domain.settings import Settings

_REUSES = 500  # messages through one connection: servers close those that never end


class EmailChannel:
    """Hands e-mails to the server of the settings.

    What matters after a failure is whether the server may have taken the message over. Until the last line
    of the content is out it has not; from then on only its answer tells, and without one the receipt says
    ``unknown``.
    """

    name = "email"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings.smtp
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    def open(self) -> Receipt | None:
        """Make sure that the server answers and lets us in; its refusal where it does not."""
        connection, refusal = self._take()
        if connection is not None:
            self._give(connection)
        return refusal

    def send(self, message: Envelope) -> Receipt:
        """Hand one message over, once."""
        if any(mark in part for part in (message.sender, message.to) for mark in "\r\n\x00<> "):
            return refused("the address holds a forbidden character", FailReason.RECIPIENT_REFUSED)
        while True:
            connection, refusal = self._take()
            if connection is None:
                assert refusal is not None
                return refusal
            receipt = connection.hand_over(message)
            self._give(connection)
            if receipt is not None:
                return receipt

    def close(self) -> None:
        """Say goodbye on every connection."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> tuple[Connection | None, Receipt | None]:
        """An idle connection or a new one, or why there is none."""
        with self._lock:
            if self._idle:
                return self._idle.pop(), None
        return connect(self.settings)

    def _give(self, connection: Connection) -> None:
        if connection.broken or connection.used >= _REUSES:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)
