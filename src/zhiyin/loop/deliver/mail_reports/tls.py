"""SMTP TLS reports: JSON → sessions by result. RFC 8460."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from zhiyin.domain.mail_report import NOT_STATED, SUCCESS, MailReport, ReportKind, ReportRow
from zhiyin.domain.reasons import ReportReason
from zhiyin.domain.text import say
from zhiyin.loop.deliver.mail_reports.refusal import Refusal, bad, checked, missing

MOST_ROWS = 100_000
MOST_COUNT = 10**12


def read(data: bytes) -> MailReport:
    """The report of a JSON document. Raises ``Refusal``.

    A policy's failures are those that it details; what its summary counts beyond them failed in a way not stated.
    """
    document = _object(_parsed(data), "report")
    if "policies" not in document:
        raise Refusal(
            ReportReason.NOT_A_REPORT, say("It is JSON without the part 'policies' of a TLS report.")
        )
    policies = document["policies"]
    if not isinstance(policies, list) or not policies:
        raise missing("policies")
    rows: Counter[ReportRow] = Counter()
    for policy in policies:
        _add(rows, _object(policy, "policies"))
    dates = _object(document.get("date-range"), "date-range")
    begin, end = (_moment(dates, f"{name}-datetime") for name in ("start", "end"))
    if end < begin:
        raise bad("date-range", f"{begin:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}")
    first = _object(policies[0].get("policy"), "policy")
    return MailReport(
        ReportKind.TLS,
        _text(document, "organization-name"),
        _text(document, "report-id"),
        _text(first, "policy-domain").lower().rstrip("."),
        begin,
        end,
        tuple(replace(row, count=count) for row, count in rows.items() if count),
        _optional(first, "policy-type"),
    )


def _add(rows: Counter[ReportRow], policy: Mapping[str, Any]) -> None:
    """Count the sessions of one policy."""
    domain = _text(_object(policy.get("policy"), "policy"), "policy-domain").lower().rstrip(".")
    summary = _object(policy.get("summary"), "summary")
    succeeded, failed = (_count(summary, f"total-{how}-session-count") for how in ("successful", "failure"))
    rows[ReportRow("", 0, domain, SUCCESS)] += succeeded
    detailed = 0
    details = policy.get("failure-details") or []
    if not isinstance(details, list):
        raise bad("failure-details", details)
    for detail in details:
        detail = _object(detail, "failure-details")
        receiver = _optional(detail, "receiving-mx-hostname") or _optional(detail, "receiving-ip")
        count = _count(detail, "failed-session-count")
        rows[ReportRow(receiver.lower(), 0, domain, _text(detail, "result-type").lower())] += count
        detailed += count
        if len(rows) > MOST_ROWS:
            raise Refusal(ReportReason.TOO_LARGE, say("It has more than {n:,} different rows.", n=MOST_ROWS))
    if failed > detailed:
        rows[ReportRow("", 0, domain, NOT_STATED)] += failed - detailed


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refusal(
            ReportReason.BROKEN_JSON, say("It is not written in UTF-8: {error}.", error=error)
        ) from error
    except (ValueError, RecursionError) as error:
        raise Refusal(ReportReason.BROKEN_JSON, say("It is no JSON: {error}.", error=error)) from error


def _object(value: object, part: str) -> Mapping[str, Any]:
    if value is None:
        raise missing(part)
    if not isinstance(value, dict):
        raise bad(part, value)
    return value


def _text(of: Mapping[str, Any], part: str) -> str:
    value = of.get(part)
    if not value:
        raise missing(part)
    if not isinstance(value, str):
        raise bad(part, value)
    return checked(part, value)


def _optional(of: Mapping[str, Any], part: str) -> str:
    return _text(of, part) if of.get(part) else ""


def _count(of: Mapping[str, Any], part: str) -> int:
    value = of.get(part, 0)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_COUNT:
        raise bad(part, value)
    return value


def _moment(of: Mapping[str, Any], part: str) -> datetime:
    text = _text(of, part)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise bad(part, text) from error
