"""Mail reports: what receivers tell a sending domain about its mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zhiyin.domain.reasons import ReportReason

SUCCESS = "success"  # the result of a TLS session that came about
NOT_STATED = "not-stated"  # of one that failed without the report saying how


class ReportKind(StrEnum):
    """What a report is about: a day of mail by source, one message that failed, or encrypted connections."""

    DMARC = "dmarc"  # aggregate, RFC 7489 appendix C and RFC 9990
    FAILURE = "failure"  # RFC 6591
    TLS = "tls"  # RFC 8460


class Disposition(StrEnum):
    """What a receiver did because of the DMARC policy."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One line of a report: ``count`` messages or TLS sessions that went alike.

    ``source`` is the address they were sent from, for TLS the server that was to receive them. ``dkim`` and
    ``spf`` say whether each passed *and* was aligned with ``domain``, the domain in From (for TLS the policy's);
    ``signed_by`` and ``sent_by`` are the domains that DKIM and SPF looked at. ``result`` is the kind of failure
    (RFC 6591, RFC 8460), ``success`` for TLS sessions that came about, and for DMARC why the policy was not
    applied. Nothing here names a recipient.
    """

    source: str
    count: int
    domain: str
    result: str = ""
    disposition: str = ""
    dkim: bool = False
    spf: bool = False
    signed_by: str = ""
    sent_by: str = ""


@dataclass(frozen=True, slots=True)
class MailReport:
    """What one organisation reported of one domain for one period.

    ``kind``, ``org``, ``domain`` and ``report_id`` together name it, so that it counts once however often it comes.
    ``policy`` is the published policy that the receiver saw.
    """

    kind: ReportKind
    org: str
    report_id: str
    domain: str
    begin: datetime
    end: datetime
    rows: tuple[ReportRow, ...]
    policy: str = ""


@dataclass(frozen=True, slots=True)
class RefusedReport:
    """Something that was given as a report and was not taken in: what, why, and what to do next."""

    name: str
    reason: ReportReason
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file held: reports, and what was refused of it. A file without either does not exist."""

    reports: tuple[MailReport, ...] = ()
    refused: tuple[RefusedReport, ...] = ()
