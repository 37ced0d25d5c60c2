"""Does the mail server answer? For the doctor; nothing is sent."""

from __future__ import annotations

import smtplib
import ssl

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
