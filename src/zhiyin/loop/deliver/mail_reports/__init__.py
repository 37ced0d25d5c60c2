"""files → what receivers report: DMARC by source, single failures, TLS sessions; the rest refused with its reason."""

from __future__ import annotations

from collections.abc import Iterator

from zhiyin.domain.mail_report import MailReport, Reading, RefusedReport
from zhiyin.domain.reasons import ReportReason
from zhiyin.domain.text import say
from zhiyin.loop.deliver.mail_reports import dmarc, failure, mail, tls
from zhiyin.loop.deliver.mail_reports.refusal import Refusal
from zhiyin.loop.deliver.mail_reports.unpack import MOST_BYTES, Budget, is_packed, unpack

_DEEPEST = 4  # an archive in a mail in an archive, and one more
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLANK = b" \t\r\n\x00"
_BOM = b"\xef\xbb\xbf"


def read(data: bytes, name: str) -> Reading:
    """All reports of a file: XML, JSON, either in gzip or zip, or mails with them. Told by content, not by name.

    Nothing is raised: what cannot be taken in is in ``refused``. A file of one report gives one or the other.

    >>> read(b"Dear all", "note.txt").refused[0].reason.value
    'not_a_report'
    """
    reports: list[MailReport] = []
    refused: list[RefusedReport] = []
    if len(data) > MOST_BYTES:
        too_large = say("It is larger than {n} MB.", n=MOST_BYTES // 1_000_000)
        return Reading((), (Refusal(ReportReason.TOO_LARGE, too_large).value(name),))
    for found in _all(data, name, Budget(), 0):
        if isinstance(found, MailReport):
            reports.append(found)
        else:
            refused.append(found)
    return Reading(tuple(reports), tuple(refused))


def _all(data: bytes, name: str, budget: Budget, depth: int) -> Iterator[MailReport | RefusedReport]:
    try:
        yield from _found(data, name, budget, depth)
    except Refusal as refusal:
        yield refusal.value(name)


def _found(data: bytes, name: str, budget: Budget, depth: int) -> Iterator[MailReport | RefusedReport]:
    if depth > _DEEPEST:
        raise Refusal(ReportReason.NOT_A_REPORT, say("It is packed too many times."))
    if is_packed(data):
        empty = True
        for inner, content in unpack(data, name, budget):
            empty = False
            yield from _all(content, f"{name}: {inner}" if inner not in name else name, budget, depth + 1)
        if empty:
            raise Refusal(ReportReason.NOT_A_REPORT, say("The archive is empty."))
        return
    text = data if data.startswith(_UTF16) else data.removeprefix(_BOM).strip(_BLANK)
    if text.startswith((b"<", *_UTF16)):
        yield dmarc.read(text)
    elif text.startswith((b"{", b"[")):
        yield tls.read(text)
    elif mail.is_mail(text):
        yield from _mails(text, name, budget, depth)
    else:
        why = say("It is neither XML nor JSON, no archive and no mail.") if text else say("It is empty.")
        raise Refusal(ReportReason.NOT_A_REPORT, why)


def _mails(data: bytes, name: str, budget: Budget, depth: int) -> Iterator[MailReport | RefusedReport]:
    for message in mail.mails(data):
        if (part := mail.feedback(message)) is not None:
            try:
                yield failure.read(message, part)
            except Refusal as refusal:
                yield refusal.value(name)
            continue
        attachments = list(mail.attached(message))
        if not attachments:
            why = say("The mail has no report attached.")
            yield Refusal(ReportReason.NOT_A_REPORT, why).value(name)
        for inner, content in attachments:
            yield from _all(content, f"{name}: {inner}", budget, depth + 1)
