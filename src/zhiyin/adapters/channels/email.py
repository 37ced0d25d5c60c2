"""E-mail by SMTP: pooled connections, and every answer of the server as a receipt."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading

from zhiyin.domain.message import Envelope, MessageStatus, Receipt
from zhiyin.domain.reasons import FailReason
from zhiyin.domain.settings import Settings, SmtpSettings

_LOST = (smtplib.SMTPServerDisconnected, OSError)
_DOT = re.compile(rb"^\.", re.MULTILINE)  # RFC 5321 section 4.5.2
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
        self._idle: list[_Connection] = []
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
            return _refused("the address holds a forbidden character", FailReason.RECIPIENT_REFUSED)
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

    def _take(self) -> tuple[_Connection | None, Receipt | None]:
        """An idle connection or a new one, or why there is none."""
        with self._lock:
            if self._idle:
                return self._idle.pop(), None
        return _connect(self.settings)

    def _give(self, connection: _Connection) -> None:
        if connection.broken or connection.used >= _REUSES:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)


class _Connection:
    """One SMTP session, and whether it can still be used."""

    def __init__(self, session: smtplib.SMTP) -> None:
        self.session = session
        self.broken = False
        self.used = 0

    def hand_over(self, message: Envelope) -> Receipt | None:
        """MAIL, RCPT, DATA. None where a used connection turned out to be closed: try another."""
        self.used += 1
        try:
            code, text = self.session.mail(message.sender)
            if code == 421 and self.used > 1:
                self.broken = True
                return None
            if code != 250:
                return self._reset(_answer(code, text, FailReason.SERVER_REFUSED, everyone=code >= 500))
        except _LOST as error:
            self.broken = True
            return None if self.used > 1 else _lost(error)
        return self._content(message)

    def _content(self, message: Envelope) -> Receipt:
        """The rest, with the point of no return: the line with the dot that ends the content."""
        body = _DOT.sub(b"..", message.content)
        last_word = False
        try:
            code, text = self.session.rcpt(message.to)
            if code not in (250, 251):
                return self._reset(_answer(code, text, FailReason.RECIPIENT_REFUSED, everyone=code == 421))
            code, text = self.session.docmd("data")
            if code != 354:
                return self._reset(_answer(code, text, FailReason.SERVER_REFUSED, everyone=code == 421))
            self.session.send(body if body.endswith(b"\r\n") else body + b"\r\n")
            last_word = True
            self.session.send(b".\r\n")
            code, text = self.session.getreply()
        except _LOST as error:
            self.broken = True
            lost = _lost(error)
            if not last_word:
                return lost
            return Receipt(MessageStatus.UNKNOWN, f"after the content was out: {lost.detail}", lost.reason)
        if code == 250:
            return Receipt(MessageStatus.ACCEPTED, _text(code, text))
        return self._reset(_answer(code, text, FailReason.SERVER_REFUSED))

    def close(self) -> None:
        """Say goodbye, if anybody listens."""
        try:
            if not self.broken:
                self.session.quit()
        except (smtplib.SMTPException, OSError):
            pass  # it is gone already
        finally:
            self.session.close()

    def _reset(self, receipt: Receipt) -> Receipt:
        """Clear what the refused message left behind, so that the connection serves the next one."""
        try:
            self.broken = self.session.rset()[0] != 250
        except (smtplib.SMTPException, OSError):
            self.broken = True
        return receipt


def _connect(settings: SmtpSettings) -> tuple[_Connection | None, Receipt | None]:
    if not settings.host:
        return None, _refused("smtp.host is not set", FailReason.UNREACHABLE, everyone=True)
    server = f"{settings.host}:{settings.port}"
    try:
        return _Connection(_session(settings)), None
    except smtplib.SMTPAuthenticationError as error:
        return None, _answer(error.smtp_code, error.smtp_error, FailReason.AUTHENTICATION, everyone=True)
    except smtplib.SMTPResponseException as error:
        return None, _answer(error.smtp_code, error.smtp_error, FailReason.UNREACHABLE, everyone=True)
    except smtplib.SMTPNotSupportedError as error:
        return None, _refused(f"{server}: {error}", FailReason.AUTHENTICATION, everyone=True)
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or str(error)
        return None, _refused(f"{server} is not to be trusted: {why}", FailReason.UNREACHABLE, everyone=True)
    except (smtplib.SMTPException, OSError) as error:
        if _lost(error).reason == FailReason.TIMEOUT:
            why = f"{server} did not answer within {settings.timeout:g} s"
            return None, _refused(why, FailReason.TIMEOUT, everyone=True)
        return None, _refused(f"{server}: {error}", FailReason.UNREACHABLE, everyone=True)


def _session(settings: SmtpSettings) -> smtplib.SMTP:
    trust = ssl.create_default_context()
    where = (settings.host, settings.port)
    if settings.security == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=settings.timeout, context=trust)
    else:
        session = smtplib.SMTP(*where, timeout=settings.timeout)
    try:
        # the last line of the content is sent by itself and must not wait for an acknowledgement; the stubs
        # allow for no socket, which a constructor that connects has
        session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # type: ignore[union-attr]
        session.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            session.starttls(context=trust)
            session.ehlo()
        if settings.user:
            session.login(settings.user, settings.password)
    except BaseException:
        session.close()
        raise
    return session


def _lost(error: Exception) -> Receipt:
    """A connection that died: nothing was taken over yet, so it may be tried again."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return _refused("the server stopped answering", FailReason.TIMEOUT, retry=True)
    return _refused(str(error), FailReason.CONNECTION_LOST, retry=True)


def _answer(code: int, text: bytes | str, reason: FailReason, *, everyone: bool = False) -> Receipt:
    """A refusal in the server's words; 4xx asks to come back (RFC 5321 section 4.2.1)."""
    return _refused(_text(code, text), reason, retry=400 <= code < 500, everyone=everyone)


def _refused(detail: str, reason: FailReason, *, retry: bool = False, everyone: bool = False) -> Receipt:
    return Receipt(MessageStatus.FAILED, detail[:500], reason.value, retry=retry, everyone=everyone)


def _text(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"[:500]
