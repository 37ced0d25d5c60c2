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
_LONGER = 0.25  # of a pause at most


def temporary(code: int) -> bool:
    """Whether an SMTP answer asks to try again later (4xx, RFC 5321 section 4.2.1).

    >>> temporary(451), temporary(550)
    (True, False)
    """
    return 400 <= code < 500


def next_try(attempts: int, now: datetime, spread: float = 0.0) -> datetime | None:
    """When to try again after so many attempts, None when it is enough.

    ``spread`` from 0 to 1 is one message's own: it waits up to a quarter longer, so that those who were told to wait
    together do not come back together.

    >>> from datetime import UTC
    >>> next_try(1, datetime(2026, 1, 1, tzinfo=UTC)).minute
    1
    """
    return now + PAUSES[attempts - 1] * (1 + _LONGER * spread) if attempts <= len(PAUSES) else None
