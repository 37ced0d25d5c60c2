"""Does the mail server answer? For the doctor; nothing is sent."""

from __future__ import annotations

import smtplib
import ssl
from enum import StrEnum

from zhiyin.domain.settings import SmtpSettings


def problem(smtp: SmtpSettings, *, patience: float = 5.0) -> str:
    """What keeps the server from greeting us, the empty text if nothing does."""
    timeout = min(smtp.timeout, patience)
    try:
        if smtp.security == "tls":
            with smtplib.SMTP_SSL(
                smtp.host, smtp.port, timeout=timeout, context=ssl.create_default_context()
            ) as server:
                server.noop()
        else:
            with smtplib.SMTP(smtp.host, smtp.port, timeout=timeout) as server:
                server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return str(error)
    return ""


class Encryption(StrEnum):
    """What the mail server makes of encryption."""

    GOOD = "good"
    NONE = "none"  # it offers none
    UNTRUSTED = "untrusted"  # its certificate cannot be checked
    UNREACHABLE = "unreachable"


def encryption(smtp: SmtpSettings, *, patience: float = 5.0) -> tuple[Encryption, str]:
    """Whether the server offers encryption with a certificate that can be checked, and what it said; nothing is sent."""
    timeout, trust = min(smtp.timeout, patience), ssl.create_default_context()
    try:
        if smtp.security == "tls":
            with smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=timeout, context=trust) as server:
                server.noop()
        else:
            with smtplib.SMTP(smtp.host, smtp.port, timeout=timeout) as server:
                server.ehlo_or_helo_if_needed()
                if not server.has_extn("starttls"):
                    return Encryption.NONE, ""
                server.starttls(context=trust)
                server.ehlo()
    except ssl.SSLError as error:
        return Encryption.UNTRUSTED, getattr(error, "verify_message", "") or error.reason or str(error)
    except (OSError, smtplib.SMTPException) as error:
        return Encryption.UNREACHABLE, str(error)
    return Encryption.GOOD, ""
