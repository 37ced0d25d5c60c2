"""answers of the server → whether the channel's breaker opens, is tried again, and closes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from zhiyin.domain.breaker import Breaker, BreakerState
from zhiyin.domain.message import MessageStatus, Receipt
from zhiyin.domain.reasons import FailReason

THRESHOLD = 3  # failures of the server in a row
PROBE = 5  # messages that try whether it works again
PATIENCE = timedelta(minutes=10)  # after which a try that nobody ended counts as given up
PAUSES = (
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=10),
    timedelta(minutes=15),
)
_LONGER = 0.25  # of a pause at most
_LONGEST = PAUSES[-1] * (1 + _LONGER)
_OF_THE_SERVER = (
    FailReason.UNREACHABLE,
    FailReason.TIMEOUT,
    FailReason.CONNECTION_LOST,
    FailReason.AUTHENTICATION,
)


def fault(receipt: Receipt) -> bool:
    """Whether an answer says that the server itself fails, and not that it refuses one message or one sender.

    >>> fault(Receipt(MessageStatus.FAILED, "550 no such user", FailReason.RECIPIENT_REFUSED))
    False
    >>> fault(Receipt(MessageStatus.UNKNOWN, "no answer", FailReason.TIMEOUT))
    True
    """
    if receipt.status == MessageStatus.ACCEPTED:
        return False
    return receipt.reason in _OF_THE_SERVER or (receipt.everyone and receipt.retry)


def room(breaker: Breaker, now: datetime, limit: int, mark: str = "") -> int:
    """How many messages may be claimed now; ``mark`` stands for the settings as they are.

    >>> room(Breaker(), datetime(2026, 1, 1), 500)
    500
    """
    if breaker.state == BreakerState.CLOSED:
        return limit
    if breaker.mark != mark:  # what was wrong may be cured: no need to wait
        return min(limit, PROBE)
    if breaker.next_try is None or now < breaker.next_try <= now + _LONGEST:
        return 0
    return min(limit, PROBE)  # also where a clock that ran ahead said when


def trying(breaker: Breaker, now: datetime, mark: str = "") -> Breaker:
    """A few messages are on their way; nobody else tries until they were answered, or are given up."""
    if breaker.state == BreakerState.CLOSED:
        return breaker
    return replace(breaker, state=BreakerState.HALF_OPEN, next_try=now + PATIENCE, mark=mark)


def heard(
    breaker: Breaker, receipt: Receipt, now: datetime, *, mark: str = "", spread: float = 0.0
) -> Breaker:
    """After one answer. ``spread`` from 0 to 1 makes the pause up to a quarter longer."""
    if not fault(receipt):
        return Breaker()
    failures = breaker.failures + 1
    locked = receipt.reason == FailReason.AUTHENTICATION
    failing = replace(breaker, failures=failures, reason=receipt.reason, detail=receipt.detail)
    if breaker.state == BreakerState.OPEN:  # an answer to what was under way when it opened
        return replace(failing, next_try=None) if locked else failing
    if breaker.state == BreakerState.CLOSED and failures < THRESHOLD and not locked:
        return failing
    pause = PAUSES[min(breaker.openings, len(PAUSES) - 1)] * (1 + _LONGER * spread)
    return replace(
        failing,
        state=BreakerState.OPEN,
        openings=breaker.openings + 1,
        opened_at=breaker.opened_at or now,
        next_try=None if locked else now + pause,
        mark=mark,
    )
