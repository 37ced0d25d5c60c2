"""HTTP/1.1 as uvicorn speaks it, with an end to patience: a client that dawdles or talks without end is let go."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SECONDS = (
    15.0  # from the connection, or the first bytes of a request, to the end of its headers and the first of
)
# its body; and for what still comes of a request that is answered already
MAX_HEADERS = 64 * 1024  # bytes of address and headers, with 32 for each header as HTTP/2 counts
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 26\r\nconnection: close\r\n\r\n"
    b"The headers are too large."
)


class PromptProtocol(HttpToolsProtocol):
    """uvicorn's protocol, except that a request must begin in time and have headers of a sane size, and that
    nobody holds a connection by sending on and on what was refused long ago."""

    _patience: asyncio.TimerHandle | None = None
    _heading = False  # a request has begun, and its headers are not complete
    _size = 0  # of its address and headers so far
    _latest = 0  # bytes that came last

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._patience = self.loop.call_later(SECONDS, self._let_go)

    def data_received(self, data: bytes) -> None:
        heading, before, self._latest = self._heading, self.cycle, len(data)
        super().data_received(data)
        cycle = self.cycle
        if self._heading:
            waiting = True
            if heading:  # no end of the headers in all of this
                self._size += len(data)
                if self._size > MAX_HEADERS:
                    self._refuse()
        elif cycle is None or cycle.response_complete:
            waiting = True  # bytes between two requests, or the rest of one, ended uvicorn's own waiting
        else:
            waiting = cycle is not before and cycle.more_body and not cycle.body
        if not waiting:
            self._stop_waiting()
        elif self._patience is None:
            self._patience = self.loop.call_later(SECONDS, self._let_go)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._heading, self._size = True, 0

    def on_headers_complete(self) -> None:
        self._heading = False
        # too many headers need more bytes than this, so that most requests need no closer look
        if self._size + self._latest > MAX_HEADERS // 16 and self._weight() > MAX_HEADERS:
            self._refuse()
            raise ValueError("the headers are too large")  # ends the parsing
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _weight(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 32 for name, value in self.headers)

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _let_go(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
