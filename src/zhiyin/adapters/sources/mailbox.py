"""A mailbox read by IMAP or POP3: one message in memory at a time, and no more of it than will be read.

Nothing is removed by reading. ``done`` says that what a message told is safe; only then, and only if asked to, it goes.
"""

from __future__ import annotations

import base64
import imaplib
import poplib
import re
import ssl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol, TypeVar

from zhiyin.domain.errors import BadSetting, MailboxFailed
from zhiyin.domain.settings import BouncesSettings
from zhiyin.domain.text import say

PORTS = {("imap", "tls"): 993, ("imap", "other"): 143, ("pop3", "tls"): 995, ("pop3", "other"): 110}
_LINE = 1 << 16
_FAULTS = (imaplib.IMAP4.error, poplib.error_proto, OSError, ValueError)
_SAID = 300

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a mailbox was read before: by IMAP up to a number within a validity, by POP3 single ids."""

    validity: str = ""
    last_uid: int = 0
    seen: Collection[str] = ()


class Session(Protocol):
    """An open mailbox."""

    validity: str

    def waiting(self, mark: Mark) -> list[str]:
        """The ids of messages that were not read yet, oldest first."""
        ...

    def content(self, number: str, limit: int) -> bytes | None:
        """The first bytes of a message; None where it is gone."""
        ...

    def done(self, number: str) -> None:
        """What it says is kept: remove it, if that is wanted."""
        ...

    def close(self) -> None:
        """Say goodbye, which is when POP3 removes messages."""
        ...

    def abandon(self) -> None:
        """Leave without another word."""
        ...


@contextmanager
def opened(settings: BouncesSettings) -> Iterator[Session]:
    """The mailbox of the settings. Raises ``BadSetting``, and ``MailboxFailed`` for whatever its server does."""
    check(settings)
    with _told(settings):
        session: Session = Imap(settings) if settings.protocol == "imap" else Pop3(settings)
    try:
        yield session
        session.close()
    except BaseException:
        with suppress(*_FAULTS):
            session.abandon()
        raise


def check(settings: BouncesSettings) -> None:
    """Raise ``BadSetting`` where there is no mailbox, or none that may be read so."""
    if not settings.protocol:
        raise BadSetting(
            say("No mailbox for bounces is set up."),
            fix=say("Set bounces.protocol, bounces.host, bounces.user and bounces.password."),
        )
    settings.check()


@contextmanager
def _told(settings: BouncesSettings) -> Iterator[None]:
    """Faults of the server as one error, in its words, never with the password."""
    where = f"{settings.host}:{_port(settings)}"
    try:
        yield
    except TimeoutError as error:
        raise MailboxFailed(
            say("{where} did not answer within {seconds:g} s.", where=where, seconds=settings.timeout),
            fix=say("It is tried again later. Check bounces.host and bounces.port."),
        ) from error
    except _FAULTS as error:
        said = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or ""
        said = said or " ".join(map(_words, error.args)) or type(error).__name__
        if settings.password:
            said = said.replace(settings.password, "•••")
        raise MailboxFailed(
            say(
                "The mailbox at {where} cannot be read: {said}.", where=where, said=said[:_SAID].rstrip(". ")
            ),
            fix=say("It is tried again later. Check bounces.user, bounces.password and bounces.security."),
        ) from None  # what the server was told stands in the traceback


def _asks(method: Callable[..., T]) -> Callable[..., T]:
    """A method in which the server may fail."""

    @wraps(method)
    def asking(self: Imap | Pop3, *args: object) -> T:
        with _told(self.settings):
            return method(self, *args)

    return asking


class Imap:
    """A folder by IMAP (RFC 9051). It is opened for reading only, unless messages are to be removed."""

    def __init__(self, settings: BouncesSettings) -> None:
        self.settings = settings
        self._removes = settings.after == "delete"
        self._removed = False
        host, port, trust = settings.host, _port(settings), _trust(settings)
        if settings.security == "tls":
            self._imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                host, port, ssl_context=trust, timeout=settings.timeout
            )
        else:
            self._imap = imaplib.IMAP4(host, port, timeout=settings.timeout)
        try:
            if settings.security == "starttls":
                self._imap.starttls(ssl_context=trust)
            self._login(settings)
            folder = _utf7(settings.folder).replace("\\", "\\\\").replace('"', '\\"')
            self._ask(self._imap.select(f'"{folder}"', readonly=not self._removes))
            self.validity = (self._imap.response("UIDVALIDITY")[1][0] or b"").decode("ascii", "replace")
        except BaseException:
            with suppress(*_FAULTS):
                self.abandon()
            raise

    @_asks
    def waiting(self, mark: Mark) -> list[str]:
        """Numbers above the last one read; all where the folder was made anew since."""
        after = mark.last_uid if mark.validity == self.validity else 0
        found = self._ask(self._imap.uid("SEARCH", f"UID {after + 1}:*"))
        numbers = sorted(int(one) for one in (found[0] or b"").split() if one.isdigit())
        return [str(one) for one in numbers if one > after]  # the last message fits every such range

    @_asks
    def content(self, number: str, limit: int) -> bytes | None:
        """Only that much of it crosses the network; it stays unread for others."""
        found = self._ask(self._imap.uid("FETCH", number, f"(BODY.PEEK[]<0.{limit}>)"))
        return next((one[1][:limit] for one in found if isinstance(one, tuple)), None)

    @_asks
    def done(self, number: str) -> None:
        """Mark it as deleted."""
        if self._removes:
            self._ask(self._imap.uid("STORE", number, "+FLAGS.SILENT", "(\\Deleted)"))
            self._removed = True
            if "UIDPLUS" in self._imap.capabilities:
                self._ask(self._imap.uid("EXPUNGE", number))

    @_asks
    def close(self) -> None:
        """Remove what is marked, and log out."""
        if self._removed and "UIDPLUS" not in self._imap.capabilities:
            self._ask(self._imap.expunge())
        with suppress(*_FAULTS):
            self._imap.logout()

    def abandon(self) -> None:
        """Leave without another word."""
        self._imap.shutdown()

    def _login(self, settings: BouncesSettings) -> None:
        user, password = settings.user, settings.password
        if user.isascii() and password.isascii():
            self._imap.login(user, password)
        else:
            self._imap.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        if "ID" in self._imap.capabilities:  # NetEase lets nobody in who does not say who they are (RFC 2971)
            self._imap.xatom("ID", '("name" "zhiyin")')

    def _ask(self, answer: tuple[str, list[Any]]) -> list[Any]:
        state, data = answer
        if state != "OK":
            said = b" ".join(one for one in data if isinstance(one, bytes)).decode("utf-8", "replace")
            raise imaplib.IMAP4.error(said or state)
        return data


class Pop3:
    """A mailbox by POP3 (RFC 1939). What is removed goes when the session ends well, and stays where it does not."""

    validity = ""

    def __init__(self, settings: BouncesSettings) -> None:
        self.settings = settings
        self._removes = settings.after == "delete"
        self._numbers: dict[str, int] = {}
        host, port, trust = settings.host, _port(settings), _trust(settings)
        if settings.security == "tls":
            self._pop: poplib.POP3 = poplib.POP3_SSL(host, port, timeout=settings.timeout, context=trust)
        else:
            self._pop = poplib.POP3(host, port, timeout=settings.timeout)
        try:
            if settings.security == "starttls":
                self._pop.stls(context=trust)
            self._pop.encoding = "UTF-8"
            self._pop.user(settings.user)
            self._pop.pass_(settings.password)
        except BaseException:
            with suppress(*_FAULTS):
                self.abandon()
            raise

    @_asks
    def waiting(self, mark: Mark) -> list[str]:
        """The ids that are there now and were not read; numbers hold for one session only."""
        lines = (line.split(None, 1) for line in self._pop.uidl()[1])
        self._numbers = {one[1].decode("ascii", "replace"): int(one[0]) for one in lines if len(one) == 2}
        seen = set(mark.seen)
        return [one for one in self._numbers if one not in seen]

    @property
    def there(self) -> Collection[str]:
        """All ids of the last look, read or not."""
        return self._numbers.keys()

    @_asks
    def content(self, number: str, limit: int) -> bytes | None:
        """Line by line, since poplib would hold a message whole, and gives up at lines of two kilobytes."""
        # the stubs leave out what begins with an underscore; poplib itself sends every command by this
        self._pop._shortcmd(f"RETR {self._numbers[number]}")  # type: ignore[attr-defined]
        kept: list[bytes] = []
        size, begins = 0, True
        while True:
            line = self._pop.file.readline(_LINE)
            if not line:
                raise poplib.error_proto("the connection was closed")
            if begins and line.rstrip(b"\r\n") == b".":
                return b"".join(kept)[:limit]
            if begins and line.startswith(b".."):
                line = line[1:]
            begins = line.endswith(b"\n")
            if size < limit:
                kept.append(line)
                size += len(line)

    @_asks
    def done(self, number: str) -> None:
        """Mark it as deleted; the end of the session removes it."""
        if self._removes:
            self._pop.dele(self._numbers[number])

    @_asks
    def close(self) -> None:
        """End the session, which removes what is marked."""
        self._pop.quit()

    def abandon(self) -> None:
        """Leave without another word: nothing is removed."""
        self._pop.close()


def _words(part: object) -> str:
    return part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part)


def _port(settings: BouncesSettings) -> int:
    return settings.port or PORTS[settings.protocol, "tls" if settings.security == "tls" else "other"]


def _trust(settings: BouncesSettings) -> ssl.SSLContext | None:
    return ssl.create_default_context() if settings.security in ("tls", "starttls") else None


def _utf7(name: str) -> str:
    """The name of a folder as IMAP writes it (RFC 3501 section 5.1.3).

    >>> _utf7("退信"), _utf7("A&B")
    ('&kABP4Q-', 'A&-B')
    """

    def coded(found: re.Match[str]) -> str:
        data = base64.b64encode(found[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{data}-"

    return re.sub(r"[^\x20-\x7e]+", coded, name.replace("&", "&-"))
