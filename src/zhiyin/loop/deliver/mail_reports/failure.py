"""Failure reports: one message that failed authentication. RFC 6591 within RFC 5965.

Of the message only what tells sources apart is read: neither its recipient nor its content.
"""

from __future__ import annotations

import hashlib
import ipaddress
from contextlib import suppress
from datetime import UTC, datetime
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime

from zhiyin.domain.mail_report import Disposition, MailReport, ReportKind, ReportRow
from zhiyin.domain.reasons import ReportReason
from zhiyin.domain.text import say
from zhiyin.loop.deliver.mail_reports.refusal import DOMAIN, Refusal, bad, checked, missing

_DELIVERY = {
    "policy": Disposition.QUARANTINE,
    "spam": Disposition.QUARANTINE,
    "quarantine": Disposition.QUARANTINE,
    "reject": Disposition.REJECT,
}
_MOST = 1_000_000  # alike messages in one report


def read(mail: Message, part: Message) -> MailReport:
    """The report of a mail whose part ``message/feedback-report`` is ``part``. Raises ``Refusal``."""
    inner = part.get_payload()
    fields = inner[0] if isinstance(inner, list) and inner else part
    if not isinstance(fields, Message):
        raise missing("message/feedback-report")
    kind = _field(fields, "Feedback-Type").lower()
    if kind != "auth-failure":
        raise Refusal(
            ReportReason.NOT_A_REPORT,
            say("It reports {kind!r}, not a failed authentication.", kind=kind),
        )
    domain = (_field(fields, "Reported-Domain") or _domain(_original(mail))).lower().rstrip(".")
    domain = checked("Reported-Domain", domain, DOMAIN)
    row = ReportRow(
        source=_source(_field(fields, "Source-IP")),
        count=_incidents(_field(fields, "Incidents")),
        domain=domain,
        result=_field(fields, "Auth-Failure").lower() or "dmarc",
        disposition=_DELIVERY.get(_field(fields, "Delivery-Result").lower(), Disposition.NONE),
        signed_by=_field(fields, "DKIM-Domain").lower(),
        sent_by=_domain(_field(fields, "Original-Mail-From")),
    )
    at = _moment(_field(fields, "Arrival-Date") or str(mail.get("Date", "")))
    org = checked("From", _domain(str(mail.get("From", ""))))
    return MailReport(ReportKind.FAILURE, org, _id(mail, fields), domain, at, at, (row,))


def _field(fields: Message, name: str) -> str:
    text = " ".join(str(fields.get(name, "")).split())
    return checked(name, text) if text else ""


def _id(mail: Message, fields: Message) -> str:
    """The mail's own id, else a mark of what it says, so that it is known again."""
    if given := _field(mail, "Message-ID"):
        return given
    return hashlib.sha256(repr(sorted(fields.items())).encode("utf-8", "replace")).hexdigest()


def _original(mail: Message) -> str:
    """The From of the message that failed."""
    found = [
        inner
        for part in mail.walk()
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers")
        for inner in (part.get_payload() if part.is_multipart() else [])
    ]
    return str(found[0].get("From", "")) if found and isinstance(found[0], Message) else ""


def _domain(address: str) -> str:
    return parseaddr(address)[1].rpartition("@")[2].lower().strip("<> .")


def _source(text: str) -> str:
    if not text:
        return ""
    try:
        return str(ipaddress.ip_address(text.split()[0].strip("[]")))
    except ValueError as error:
        raise bad("Source-IP", text) from error


def _incidents(text: str) -> int:
    count = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0 if text else 1
    if not 0 < count <= _MOST:
        raise bad("Incidents", text)
    return count


def _moment(text: str) -> datetime:
    with suppress(ValueError, TypeError, OverflowError):
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    raise bad("Arrival-Date", text)
