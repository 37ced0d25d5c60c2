"""Messages in the ledger, and what comes back for them as servers write it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from zhiyin.adapters.records.models import Campaign, Customer, Message, Segment
from zhiyin.loop.deliver import return_path, sign
from zhiyin.services.workspace import Workspace

BOUNCES = "bounces@mail.example.com"


def sent(ws: Workspace, *names: str, status: str = "accepted", n: int = 1) -> list[Message]:
    """``n`` messages to each of these people, the earlier ones first."""
    now = ws.now()
    segment = Segment.objects.get_or_create(
        key="all", defaults={"name": "All", "rule": {"all": []}, "created_at": now, "updated_at": now}
    )[0]
    campaign = Campaign.objects.get_or_create(
        key="spring",
        defaults={
            "name": "Spring", "segment": segment, "subject": "", "body": "", "sender_name": "", "seed": "s",
            "sender_email": "shop@example.com", "created_at": now, "status": "sent",
        },
    )[0]  # fmt: skip
    made = []
    for name in names:
        Customer.objects.get_or_create(customer_id=name, defaults={"email": f"{name}@example.com"})
        before = Message.objects.filter(customer_id=name).count()
        for number in range(before, before + n):
            at = now - timedelta(days=30 - number)
            made.append(
                Message.objects.create(
                    token=f"{name}{number}".ljust(32, "0"), program="campaign:spring", customer_id=name,
                    occurrence=str(number), campaign=campaign, status=status, address=f"{name}@example.com",
                    planned_at=at, due_at=at, handed_over_at=at, finished_at=at, published=True,
                )
            )  # fmt: skip
    return made


def tagged(ws: Workspace, message: Message) -> str:
    """The return path it went out with."""
    return return_path.tagged(BOUNCES, message.token, sign.key(ws.settings.server.secret, sign.RETURN))


def dsn(
    message: Message,
    *,
    to: str = BOUNCES,
    recipient: str = "",
    status: str = "5.1.1",
    words: str = "550 5.1.1 no such user",
    action: str = "failed",
    message_id: str = "",
) -> bytes:
    """A delivery status notification (RFC 3464) about a message."""
    return f"""From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message was not delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {recipient or message.address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {words}

--b
Content-Type: text/rfc822-headers

From: shop@example.com
To: {message.address}
Subject: Hello
Message-ID: {message_id or f"<{message.token}@example.com>"}

--b--
""".encode()


def arf(
    message: Message, *, recipient: str = "", to: str = "fbl@mail.example.com", kind: str = "abuse"
) -> bytes:
    """A complaint (RFC 5965) about a message."""
    return f"""From: feedback@isp.example.net
To: {to}
Subject: FW: Hello
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Isp/1.0
Version: 1
Original-Rcpt-To: <{recipient or message.address}>

--b
Content-Type: message/rfc822

From: shop@example.com
To: {recipient or message.address}
Subject: Hello
Message-ID: <{message.token}@example.com>

Hello

--b--
""".encode()


FULL: dict[str, Any] = {"status": "4.2.2", "words": "452 4.2.2 mailbox full"}
SPAM: dict[str, Any] = {"status": "5.7.1", "words": "550 5.7.1 message rejected as spam"}
AWAY = b"""From: li@example.com
To: bounces@mail.example.com
Subject: Out of office
Auto-Submitted: auto-replied

Back on Monday.
"""
