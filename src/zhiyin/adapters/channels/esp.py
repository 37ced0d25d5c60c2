"""E-mail through the API of a provider: our message in its words, its answer as a receipt.

What matters after a failure is whether the provider may have taken the message over: where the request was out and no
answer came, or a gateway lost it, the receipt says ``unknown``.
"""

from __future__ import annotations

import email
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from typing import Any

from django.core.mail import EmailMultiAlternatives

from zhiyin.adapters import esp
from zhiyin.adapters.channels.smtp import refused
from zhiyin.domain.errors import MissingExtra
from zhiyin.domain.message import Envelope, MessageStatus, Receipt
from zhiyin.domain.reasons import FailReason
from zhiyin.domain.settings import Settings

# what the provider writes itself, and our signature, which would not fit what it makes of the message
_ITS_OWN = frozenset(
    (
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "dkim-signature",
        "return-path",
        "received",
    )
)
_GATEWAY = (502, 504)  # somebody else's answer was lost (RFC 9110 section 15.6)


class EspChannel:
    """Hands e-mails to the provider of ``esp.name``. Headers stay, the token goes along as metadata."""

    name = "email"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings.esp
        self.timeout = settings.smtp.timeout
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        self._answered = False

    def open(self) -> Receipt | None:
        """Make sure that the provider's server answers; its refusal where it does not. Nothing is sent."""
        if self._answered:
            return None
        try:
            errors = esp.library("exceptions", self.settings.name)
        except MissingExtra as error:
            return self._refused(error, FailReason.UNREACHABLE, everyone=True)
        try:
            with self._backend() as backend:
                session: Any = getattr(backend, "session", None)
                if hasattr(session, "head"):  # Amazon's library looks for its servers by itself
                    session.head(backend.api_url, timeout=self.timeout)
        except errors.AnymailConfigurationError as error:
            return self._refused(error, FailReason.AUTHENTICATION, everyone=True)
        except OSError as error:
            return self._refused(error, FailReason.UNREACHABLE, everyone=True)
        self._answered = True
        return None

    def send(self, message: Envelope) -> Receipt:
        """Hand one message over, once."""
        if any(mark in part for part in (message.sender, message.to) for mark in "\r\n\x00<> "):
            return refused("the address holds a forbidden character", FailReason.RECIPIENT_REFUSED)
        try:
            errors = esp.library("exceptions", self.settings.name)
        except MissingExtra as error:
            return self._refused(error, FailReason.UNREACHABLE, everyone=True)
        mail = letter(message)
        try:
            with self._backend() as backend:
                backend.send_messages([mail])
        except errors.AnymailRecipientsRefused as error:
            return self._refused(error, FailReason.RECIPIENT_REFUSED, answer=_answer(error))
        except errors.AnymailInvalidAddress as error:
            return self._refused(error, FailReason.RECIPIENT_REFUSED)
        except errors.AnymailAPIError as error:
            return self._failed(error)
        except errors.AnymailConfigurationError as error:
            return self._refused(error, FailReason.AUTHENTICATION, everyone=True)
        except errors.AnymailError as error:  # something of the message that this provider has no place for
            return self._refused(error, FailReason.SERVER_REFUSED, everyone=True)
        self._answered = True
        return self._taken(mail.anymail_status)

    def close(self) -> None:
        """Give back the connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for backend in idle:
            backend.close()

    @contextmanager
    def _backend(self) -> Iterator[Any]:
        """One that nobody else uses meanwhile."""
        with self._lock:
            backend = self._idle.pop() if self._idle else None
        if backend is None:
            backend = esp.backend(self.settings, self.timeout)
            backend.open()
        try:
            yield backend
        finally:
            with self._lock:
                self._idle.append(backend)

    def _taken(self, told: Any) -> Receipt:
        """What the library made of an answer that it did not call an error."""
        said = self._plain(f"{self.settings.name} {told.message_id or ''}")
        if told.status and not told.status <= {"unknown", "failed"}:
            return Receipt(MessageStatus.ACCEPTED, said)
        response: Any = told.esp_response
        if "failed" in (told.status or ()) or getattr(response, "status_code", 200) >= 400:
            return refused(self._plain(getattr(response, "text", "")) or said, FailReason.SERVER_REFUSED)
        return Receipt(MessageStatus.UNKNOWN, said, FailReason.CONNECTION_LOST)

    def _failed(self, error: Any) -> Receipt:
        """A request without the answer that one would like."""
        status, answer = _status(error), _answer(error)
        if status in (401, 403):
            return self._refused(error, FailReason.AUTHENTICATION, everyone=True, answer=answer)
        if status == 429 or (status is not None and status >= 500 and status not in _GATEWAY):
            return self._refused(error, FailReason.SERVER_REFUSED, retry=True, everyone=True, answer=answer)
        if status is not None and 400 <= status < 500:
            return self._refused(error, FailReason.SERVER_REFUSED, answer=answer)
        self._answered = False
        if status is None and _never_out(error.__cause__):
            late = "timeout" in type(error.__cause__).__name__.lower()
            reason = FailReason.TIMEOUT if late else FailReason.UNREACHABLE
            return self._refused(error, reason, everyone=True)
        said = self._plain(f"after the request was out: {answer or error}")
        late = "timeout" in type(error.__cause__).__name__.lower()
        return Receipt(
            MessageStatus.UNKNOWN, said, FailReason.TIMEOUT if late else FailReason.CONNECTION_LOST
        )

    def _refused(self, error: Exception, reason: FailReason, *, answer: str = "", **more: bool) -> Receipt:
        return refused(self._plain(answer or str(error)), reason, **more)

    def _plain(self, text: str) -> str:
        """One line, without what must not be shown."""
        for hidden in (self.settings.key, self.settings.secret):
            text = text.replace(hidden, "•••") if hidden else text
        return " ".join(text.split())[:500]


def letter(message: Envelope) -> EmailMultiAlternatives:
    """Our message as Django's, from which the library makes the provider's."""
    read = email.message_from_bytes(message.content, _class=EmailMessage, policy=policy.default)
    parts = {kind: read.get_body((kind,)) for kind in ("plain", "html")}
    text, html = (None if part is None else part.get_content() for part in parts.values())
    kept = {name: str(value) for name, value in read.items() if _kept(name)}
    made = EmailMultiAlternatives(
        subject=str(read["subject"] or ""),
        body=text or "",
        from_email=str(read["from"] or message.sender),
        to=[_named(read, message.to)],
        headers=kept,
    )
    if html is not None:
        made.attach_alternative(html, "text/html")
    made.metadata = {esp.METADATA: message.message_id.strip("<>").partition("@")[0]}
    return made


def _named(read: EmailMessage, to: str) -> str:
    """The recipient with the name in the header, if that names nobody else."""
    named: Any = read["to"].addresses if read["to"] else ()
    return str(named[0]) if len(named) == 1 and named[0].addr_spec == to else to


def _kept(name: str) -> bool:
    return name.lower() not in _ITS_OWN and not name.lower().startswith("content-")


def _status(error: Any) -> int | None:
    """The status of the provider's answer; Amazon's library keeps it elsewhere."""
    if error.status_code is not None:
        return int(error.status_code)
    answer = getattr(error.__cause__, "response", None)
    if isinstance(answer, dict):
        return answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return None


def _answer(error: Any) -> str:
    """What the provider said, with its status in front."""
    response: Any = getattr(error, "response", None)
    text = getattr(response, "text", "")
    return f"{response.status_code} {text}" if text else ""


def _never_out(cause: BaseException | None) -> bool:
    """Whether a request failed before anything of it could be read: no connection came about."""
    names = {type(one).__name__ for one in _chain(cause)}
    return bool(
        names
        & {
            "ConnectTimeout", "ConnectTimeoutError", "NewConnectionError", "NameResolutionError", "SSLError",
            "ProxyError", "InvalidURL", "MissingSchema", "InvalidSchema", "EndpointConnectionError",
        }
    )  # fmt: skip


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and those it was made of."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [part for part in one.args if isinstance(part, BaseException)]
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None)]
