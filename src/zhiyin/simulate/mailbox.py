"""mail → letters: a local mail server that takes what is sent to the market's customers. Nothing leaves it."""

from __future__ import annotations

import email
import email.header
import re
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from types import TracebackType
from typing import Any

from zhiyin.adapters import clock
from zhiyin.domain.ports import Clock

_IMAGE = re.compile(r'<img\b[^>]*?\bsrc="([^"]+)"', re.IGNORECASE)
_LINK = re.compile(r'<a\b[^>]*?\bhref="(?P<url>[^"]+)"[^>]*>', re.IGNORECASE)
_UNSEEN = re.compile(r"display:\s*none", re.IGNORECASE)
_ADDRESS = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True, slots=True)
class Slip:
    """What the outside of a letter tells: for whom, when it came, and where it is kept."""

    to: str
    at: datetime
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail program finds in a message: what it loads, what one can click, how to unsubscribe."""

    subject: str
    images: tuple[str, ...]
    links: tuple[str, ...]
    hidden: tuple[str, ...]  # links that a reader does not see
    unsubscribe: str  # the address of the List-Unsubscribe header
    one_click: bool  # RFC 8058


class Mailbox:
    """A mail server on loopback with a mailbox for everyone for whom ``exists(address)`` holds.

    Used as a context manager. Letters are kept in a temporary file, not in memory.
    """

    def __init__(
        self, exists: Callable[[str], bool] = lambda address: True, now: Clock = clock.system
    ) -> None:
        self.exists, self.now = exists, now
        self.slips: list[Slip] = []
        self.refused: list[str] = []
        self.host, self.port = "127.0.0.1", 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the mailbox
        self._lock = threading.Lock()
        self._controller: Any = None

    def __enter__(self) -> Mailbox:
        self._controller = _controller(self)
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()
        self._file.close()

    def put(self, to: str, content: bytes) -> None:
        """Keep a letter."""
        with self._lock:
            offset = self._file.seek(0, 2)
            self._file.write(content)
            self.slips.append(Slip(to, self.now(), offset, len(content)))

    def content(self, slip: Slip) -> bytes:
        """The letter as it came."""
        with self._lock:
            self._file.seek(slip.offset)
            return self._file.read(slip.length)

    def open(self, slip: Slip) -> Letter:
        """What is in a letter."""
        return read(self.content(slip))

    # -- what aiosmtpd calls ------------------------------------------------------------------------------

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if not self.exists(address):
            self.refused.append(address)
            return "550 5.1.1 There is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        for address in envelope.rcpt_tos:
            self.put(address, envelope.content)
        return "250 2.0.0 Kept"


def read(content: bytes) -> Letter:
    """The letter in a MIME message."""
    message = email.message_from_bytes(content)
    html = "".join(_texts(message, "text/html"))
    offered = _ADDRESS.findall(str(message.get("List-Unsubscribe", "")))
    addresses = [address.strip() for address in offered if address.strip().startswith("http")]
    subject = email.header.make_header(email.header.decode_header(message.get("Subject", "")))
    found = list(_LINK.finditer(html))
    return Letter(
        str(subject),
        tuple(unescape(url) for url in _IMAGE.findall(html)),
        tuple(unescape(link["url"]) for link in found if not _UNSEEN.search(link[0])),
        tuple(unescape(link["url"]) for link in found if _UNSEEN.search(link[0])),
        addresses[0] if addresses else "",
        message.get("List-Unsubscribe-Post", "").strip() == "List-Unsubscribe=One-Click",
    )


def _texts(message: Any, kind: str) -> Iterator[str]:
    for part in message.walk():
        if part.get_content_type() == kind:
            yield part.get_payload(decode=True).decode(part.get_content_charset("utf-8"))


def _controller(mailbox: Mailbox) -> Any:
    from aiosmtpd.controller import Controller

    listening = socket.create_server((mailbox.host, 0))
    mailbox.port = listening.getsockname()[1]

    class OnFreePort(Controller):
        def _create_server(self) -> Any:
            return self.loop.create_server(self._factory_invoker, sock=listening)

    return OnFreePort(mailbox, hostname=mailbox.host, port=mailbox.port, data_size_limit=None)
