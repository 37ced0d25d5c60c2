"""Reports as receivers write them, made for tests."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

DAY = 1_767_225_600  # 2026-01-01 00:00 UTC


def dmarc(
    *rows: Mapping[str, Any],
    org: str = "mail.example",
    report_id: str = "r1",
    domain: str = "shop.example",
    begin: int = DAY,
    end: int = DAY + 86_399,
    root: str = "<feedback>",
) -> bytes:
    """An aggregate report; a row has ip, count, dkim, spf, disposition, reason, from_."""
    records = "".join(
        f"""<record><row><source_ip>{row.get("ip", "192.0.2.1")}</source_ip><count>{row.get("count", 1)}</count>
        <policy_evaluated><disposition>{row.get("disposition", "none")}</disposition>
        <dkim>{row.get("dkim", "fail")}</dkim><spf>{row.get("spf", "fail")}</spf>
        {f"<reason><type>{row['reason']}</type></reason>" if "reason" in row else ""}</policy_evaluated></row>
        <identifiers><header_from>{row.get("from_", domain)}</header_from></identifiers>
        <auth_results><spf><domain>bounce.esp.example</domain><result>{row.get("spf", "fail")}</result></spf>
        </auth_results></record>"""
        for row in rows
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>{root}<version>1.0</version>
    <report_metadata><org_name>{org}</org_name><email>dmarc@{org}</email><report_id>{report_id}</report_id>
    <date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata>
    <policy_published><domain>{domain}</domain><p>reject</p><pct>100</pct></policy_published>
    {records}</feedback>""".encode()


def tls(*failures: tuple[str, int], succeeded: int = 90, failed: int | None = None, **changes: Any) -> bytes:
    """A TLS report; failures are result and count."""
    total = sum(count for _result, count in failures) if failed is None else failed
    document = {
        "organization-name": "Mail Inc.",
        "date-range": {"start-datetime": "2026-01-01T00:00:00Z", "end-datetime": "2026-01-01T23:59:59Z"},
        "contact-info": "tls@mail.example",
        "report-id": "t1",
        "policies": [
            {
                "policy": {"policy-type": "sts", "policy-domain": "shop.example"},
                "summary": {
                    "total-successful-session-count": succeeded,
                    "total-failure-session-count": total,
                },
                "failure-details": [
                    {
                        "result-type": result,
                        "failed-session-count": count,
                        "receiving-mx-hostname": "mx.shop.example",
                    }
                    for result, count in failures
                ],
            }
        ],
        **changes,
    }
    return json.dumps(document).encode()


def failure(message_id: str = "<f1@mail.example>", **fields: str) -> bytes:
    """A failure report about a message to a person, whose address must not be kept."""
    told = {
        "Feedback-Type": "auth-failure",
        "Auth-Failure": "dmarc",
        "Reported-Domain": "shop.example",
        "Original-Mail-From": "news@bounce.shop.example",
        "Original-Rcpt-To": "ann@customer.example",
        "Arrival-Date": "Thu, 01 Jan 2026 08:00:00 +0800",
        "Source-IP": "192.0.2.9",
        "Delivery-Result": "reject",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    lines = "\n".join(f"{name}: {value}" for name, value in told.items())
    return f"""From: dmarc@mail.example
Message-ID: {message_id}
Subject: Report
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

A message failed.

--b
Content-Type: message/feedback-report

{lines}

--b
Content-Type: message/rfc822

From: Shop <news@shop.example>
To: ann@customer.example
Subject: Dear Ann

Hello
--b--
""".encode()


def mail(content: bytes, name: str, kind: tuple[str, str] = ("application", "gzip")) -> bytes:
    """A mail with something attached."""
    message = EmailMessage()
    message["From"], message["Subject"] = "dmarc@mail.example", "Report domain: shop.example"
    message.set_content("A report.")
    message.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
    return message.as_bytes()


def zipped(files: Sequence[tuple[str, bytes]]) -> bytes:
    """A zip archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return target.getvalue()


def gzipped(content: bytes) -> bytes:
    """A gzip file."""
    return gzip.compress(content, 1)
