"""HTTP/1.1 as uvicorn speaks it, with an end to patience: a client that dawdles or talks without end is let go."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 15.0  # from the first byte of a request, or the connection, to the end of its headers
REST_SECONDS = 15.0  # for what still comes of a request that is answered already
MAX_HEADERS = 64 * 1024  # bytes of address and headers, with 32 for each header as HTTP/2 counts
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 26\r\nconnection: close\r\n\r\n"
    b"The headers are too large."
)


class PromptProtocol(HttpToolsProtocol):
    """uvicorn's protocol, except that headers must be complete in time and of a sane size, and that nobody
    holds a connection by sending on and on what was refused long ago."""

    _patience: asyncio.TimerHandle | None = None
    _heading = False  # a request has begun, and its headers are not complete
    _receiving = False  # a request has begun, and is not complete
    _size = 0  # of its address and headers so far

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(HEADER_SECONDS)

    def data_received(self, data: bytes) -> None:
        heading = self._heading
        super().data_received(data)
        if heading and self._heading:  # no end of the headers in all of this
            self._size += len(data)
            if self._size > MAX_HEADERS:
                self._refuse()
        answered = self.cycle is not None and self.cycle.response_complete
        if answered and not self._receiving and self._patience is None:
            self._wait(HEADER_SECONDS)  # bytes between two requests ended uvicorn's own waiting

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._heading, self._receiving, self._size = True, True, 0
        if self._patience is None:
            self._wait(HEADER_SECONDS)

    def on_headers_complete(self) -> None:
        self._heading = False
        self._stop_waiting()
        if len(self.url) + sum(len(name) + len(value) + 32 for name, value in self.headers) > MAX_HEADERS:
            self._refuse()
            raise ValueError("the headers are too large")  # ends the parsing
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._receiving = False
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._receiving and not self._heading and self.cycle.response_complete and self._patience is None:
            self._wait(REST_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def _wait(self, seconds: float) -> None:
        self._patience = self.loop.call_later(seconds, self._let_go)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _let_go(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
