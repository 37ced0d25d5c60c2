"""What providers post, in the form that they document."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any


def postmark(token: str, email: str, kind: str = "HardBounce", **more: Any) -> dict[str, Any]:
    """https://postmarkapp.com/developer/webhooks/bounce-webhook and spam-complaint-webhook"""
    complaint = kind == "SpamComplaint"
    return {
        "RecordType": "SpamComplaint" if complaint else "Bounce",
        "ID": 42,
        "Type": kind,
        "TypeCode": 512 if complaint else 1,
        "Name": "Hard bounce",
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "ServerID": 1234,
        "MessageStream": "broadcast",
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": "Test bounce details",
        "Email": email,
        "From": "shop@example.com",
        "BouncedAt": "2026-11-01T13:28:10.2735393-04:00",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Hello",
        "Metadata": {"zhiyin": token},
        **more,
    }


def postmark_delivery(token: str, email: str) -> dict[str, Any]:
    """https://postmarkapp.com/developer/webhooks/delivery-webhook"""
    return {
        "RecordType": "Delivery",
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "Recipient": email,
        "DeliveredAt": "2026-11-01T13:28:10.2735393-04:00",
        "Details": "smtp;250 2.0.0 OK",
        "Metadata": {"zhiyin": token},
    }


def mailgun(key: str, token: str, email: str, **event: Any) -> dict[str, Any]:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks, signed as it says"""
    at, once = "1793836800", "f" * 50
    signature = hmac.new(key.encode(), f"{at}{once}".encode(), hashlib.sha256).hexdigest()
    told = {
        "event": "failed",
        "id": "G9Bn5sl1TC6nu79C8C0bwg",
        "timestamp": 1793836800.1,
        "severity": "permanent",
        "reason": "bounce",
        "recipient": email,
        "delivery-status": {
            "code": 550,
            "message": "5.1.1 The email account that you tried to reach does not exist",
            "description": "",
        },
        "user-variables": {"zhiyin": token},
        "message": {"headers": {"to": email, "message-id": "2026@mg.example.com", "subject": "Hello"}},
    }
    return {"signature": {"timestamp": at, "token": once, "signature": signature}, "event-data": told | event}


def sendgrid(*events: tuple[str, str, str, str]) -> list[dict[str, Any]]:
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event; token, email, event, reason"""
    return [
        {
            "email": email, "timestamp": 1793836800, "event": event, "sg_event_id": f"{token}{event}", "reason": reason,
            "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001", "smtp-id": "<14c5d75ce93@x>", "zhiyin": token,
        }
        for token, email, event, reason in events
    ]  # fmt: skip
