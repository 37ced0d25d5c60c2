"""One SMTP session: a message said in as few round trips as the server allows, every answer as a receipt."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence

from zhiyin.domain.message import Envelope, MessageStatus, Receipt
from zhiyin.domain.reasons import FailReason
from zhiyin.domain.settings import SmtpSettings

_LOST = (smtplib.SMTPServerDisconnected, OSError)
_DOT = re.compile(rb"^\.", re.MULTILINE)


class Connection:
    """One SMTP session, and whether it can still be used."""

    def __init__(self, session: smtplib.SMTP) -> None:
        self.session = session
        self.broken = False
        self.used = 0
        self._pipelines = session.has_extn("pipelining")

    def hand_over(self, message: Envelope) -> Receipt | None:
        """MAIL, RCPT, DATA. None where a used connection turned out to be closed: try another."""
        self.used += 1
        options = ""
        if not _ascii(message):
            if not self.session.has_extn("smtputf8"):
                return refused(
                    "the address is not ASCII, and the server does not announce SMTPUTF8",
                    FailReason.NO_SMTPUTF8,
                )
            options = " SMTPUTF8 BODY=8BITMIME"  # RFC 6531 section 3.4
        lines = [f"MAIL FROM:<{message.sender}>{options}", f"RCPT TO:<{message.to}>", "DATA"]
        try:
            return self._content(message, self._answers(lines))
        except _LOST as error:
            self.broken = True
            return _lost(error)

    def _content(self, message: Envelope, answers: Iterator[tuple[int, bytes]]) -> Receipt | None:
        """The envelope's answers, then the content, with the point of no return: the line with the dot."""
        try:
            code, text = next(answers)
        except _LOST:
            if self.used == 1:
                raise
            code = 421  # closed while it was idle, without a word
        if self._over(code):
            return None
        if code != 250:
            # of the sender or of all of us; what is not ASCII may be the reason, and others' is
            everyone = _ascii(message)
            return self._reset(_answer(code, text, FailReason.SERVER_REFUSED, everyone=everyone), answers)
        code, text = next(answers)
        if self._over(code):
            return None
        if code not in (250, 251):
            refusal = _answer(code, text, FailReason.RECIPIENT_REFUSED, everyone=code == 421)
            return self._reset(refusal, answers)
        code, text = next(answers)
        if self._over(code):
            return None
        if code != 354:
            return self._reset(_answer(code, text, FailReason.SERVER_REFUSED, everyone=code == 421))
        self.session.send(_dotted(message.content))
        try:
            self.session.send(b".\r\n")
            code, text = self.session.getreply()
        except _LOST as error:
            self.broken = True
            lost = _lost(error)
            return Receipt(MessageStatus.UNKNOWN, f"after the content was out: {lost.detail}", lost.reason)
        if 200 <= code < 300:
            return Receipt(MessageStatus.ACCEPTED, _text(code, text))
        if not 400 <= code < 600:
            self.broken = True  # no answer at all (RFC 5321 section 4.2): it may have been taken over
            return Receipt(MessageStatus.UNKNOWN, _text(code, text), FailReason.CONNECTION_LOST.value)
        return self._reset(_answer(code, text, FailReason.SERVER_REFUSED))

    def _over(self, code: int) -> bool:
        """Whether a connection that served before is closed to the next message: another one may take it."""
        self.broken = self.broken or (code == 421 and self.used > 1)
        return self.broken

    def _answers(self, lines: Sequence[str]) -> Iterator[tuple[int, bytes]]:
        """Say these lines and hear the answers; all at once where the server lets us (RFC 2920): DATA may stand
        last, and no content is out yet."""
        groups = [lines] if self._pipelines else [[line] for line in lines]
        for group in groups:
            self.session.send("".join(f"{line}\r\n" for line in group).encode())
            for _ in group:
                yield self.session.getreply()

    def close(self) -> None:
        """Say goodbye, if anybody listens."""
        try:
            if not self.broken:
                self.session.quit()
        except (smtplib.SMTPException, OSError):
            pass  # it is gone already
        finally:
            self.session.close()

    def _reset(self, receipt: Receipt, unheard: Iterable[tuple[int, bytes]] = ()) -> Receipt:
        """Clear what the refused message left behind, so that the connection serves the next one."""
        try:
            if self._pipelines and any(code == 354 for code, _ in unheard):
                self.broken = True  # it waits for content that nobody is to get
                return receipt
            self.broken = self.session.rset()[0] != 250
        except (smtplib.SMTPException, OSError):
            self.broken = True
        return receipt


def connect(settings: SmtpSettings) -> tuple[Connection | None, Receipt | None]:
    """A session with the server of the settings, or why there is none."""
    if not settings.host:
        return None, refused("smtp.host is not set", FailReason.UNREACHABLE, everyone=True)
    server = f"{settings.host}:{settings.port}"
    try:
        return Connection(_session(settings)), None
    except smtplib.SMTPAuthenticationError as error:
        return None, _answer(error.smtp_code, error.smtp_error, FailReason.AUTHENTICATION, everyone=True)
    except smtplib.SMTPResponseException as error:
        return None, _answer(error.smtp_code, error.smtp_error, FailReason.UNREACHABLE, everyone=True)
    except smtplib.SMTPNotSupportedError as error:
        return None, refused(f"{server}: {error}", FailReason.AUTHENTICATION, everyone=True)
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or str(error)
        return None, refused(f"{server} is not to be trusted: {why}", FailReason.UNREACHABLE, everyone=True)
    except (smtplib.SMTPException, OSError) as error:
        if _lost(error).reason == FailReason.TIMEOUT:
            why = f"{server} did not answer within {settings.timeout:g} s"
            return None, refused(why, FailReason.TIMEOUT, everyone=True)
        return None, refused(f"{server}: {error}", FailReason.UNREACHABLE, everyone=True)


def _session(settings: SmtpSettings) -> smtplib.SMTP:
    # reading what is trusted takes longer than writing ten messages
    trust = None if settings.security == "none" else ssl.create_default_context()
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


def _ascii(message: Envelope) -> bool:
    return message.content.isascii() and message.to.isascii() and message.sender.isascii()


def _dotted(content: bytes) -> bytes:
    """The content with its dots doubled (RFC 5321 section 4.5.2), and a line's end."""
    body = _DOT.sub(b"..", content) if content.startswith(b".") or b"\n." in content else content
    return body if body.endswith(b"\r\n") else body + b"\r\n"


def _lost(error: Exception) -> Receipt:
    """A connection that died: nothing was taken over yet, so it may be tried again."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return refused("the server stopped answering", FailReason.TIMEOUT, retry=True)
    return refused(str(error), FailReason.CONNECTION_LOST, retry=True)


def _answer(code: int, text: bytes | str, reason: FailReason, *, everyone: bool = False) -> Receipt:
    """A refusal in the server's words; 4xx asks to come back (RFC 5321 section 4.2.1)."""
    return refused(_text(code, text), reason, retry=400 <= code < 500, everyone=everyone)


def refused(detail: str, reason: FailReason, *, retry: bool = False, everyone: bool = False) -> Receipt:
    """A message that was not taken over."""
    return Receipt(MessageStatus.FAILED, detail[:500], reason.value, retry=retry, everyone=everyone)


def _text(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    seen = "".join(letter if letter.isprintable() else " " for letter in words)  # no database keeps a NUL
    return f"{code} {' '.join(seen.split())}"[:500]
