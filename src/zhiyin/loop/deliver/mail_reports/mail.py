"""Mails → the parts that may be reports. Files of one mail, and of many (mbox)."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.message import Message
from email.policy import compat32

from zhiyin.domain.reasons import ReportReason
from zhiyin.domain.text import say
from zhiyin.loop.deliver.mail_reports.refusal import Refusal

MOST_MAILS = 10_000
_MOST_NESTED = 100  # the parser goes down one level a boundary
_HEADER = re.compile(rb"\A(?:From [^\n]*\n)?[!-9;-~]{1,76}:[ \t\r\n]")
_START = re.compile(rb"^From (?=\S+ +\w{3} \w{3} )", re.MULTILINE)
_ENDS = (".xml", ".json", ".gz", ".zip")
_KINDS = ("xml", "json", "zip", "gzip", "tlsrpt", "octet-stream")


def is_mail(data: bytes) -> bool:
    """Whether this begins as a mail does, with a header."""
    return _HEADER.match(data[:2000]) is not None


def mails(data: bytes) -> Iterator[Message]:
    """The mails of a file. Raises ``Refusal`` where they are too many or nested without end."""
    starts = [found.start() for found in _START.finditer(data)] if data.startswith(b"From ") else []
    if len(starts) > MOST_MAILS:
        raise Refusal(ReportReason.TOO_LARGE, say("It holds {n:,} mails.", n=len(starts)))
    for begin, end in zip(starts or [0], [*starts[1:], len(data)], strict=True):
        one = data[begin:end]
        if one.lower().count(b"boundary=") + one.lower().count(b"message/") > _MOST_NESTED:
            raise Refusal(ReportReason.NOT_A_REPORT, say("Its parts are nested too deep."))
        yield email.message_from_bytes(one, policy=compat32)


def feedback(mail: Message) -> Message | None:
    """The part that makes a mail a feedback report."""
    return next((part for part in mail.walk() if part.get_content_type() == "message/feedback-report"), None)


def attached(mail: Message) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the parts that may hold a report."""
    for part in mail.walk():
        if part.is_multipart():
            continue
        name = str(part.get_filename() or "")
        kind = part.get_content_type()
        if not name.lower().endswith(_ENDS) and not any(word in kind for word in _KINDS):
            continue
        data = part.get_payload(decode=True)
        if isinstance(data, bytes) and data.strip():
            yield name or kind, data
