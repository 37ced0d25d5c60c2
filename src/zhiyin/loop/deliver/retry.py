"""When to try again: temporary answers with growing pauses, final ones never."""

from __future__ import annotations

from datetime import datetime, timedelta

PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)


def temporary(code: int) -> bool:
    """Whether an SMTP answer asks to try again later (4xx, RFC 5321 section 4.2.1).

    >>> temporary(451), temporary(550)
    (True, False)
    """
    return 400 <= code < 500


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many attempts, None when it is enough.

    >>> from datetime import UTC
    >>> next_try(1, datetime(2026, 1, 1, tzinfo=UTC)).minute
    1
    """
    return now + PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
