"""Messages: one row of the send ledger each, and what the channel said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class MessageStatus(StrEnum):
    """Where a message stands. Everyone planned ends in exactly one of these.

    ``planned → claimed → handed_over → accepted | failed | unknown``; ``held_out`` and ``refused`` end at
    planning or at the claim. ``claimed`` may be claimed again after a crash, ``handed_over`` never: it
    becomes ``unknown``.
    """

    PLANNED = "planned"
    HELD_OUT = "held_out"
    REFUSED = "refused"
    CLAIMED = "claimed"
    HANDED_OVER = "handed_over"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"


PENDING = (MessageStatus.PLANNED, MessageStatus.CLAIMED, MessageStatus.HANDED_OVER)


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """An e-mail ready to hand over: envelope, headers in order, and both bodies."""

    message_id: str
    envelope_from: str
    to: str
    subject: str
    html: str
    text: str
    from_header: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a channel answered: accepted, failed (with a reason), or unknown."""

    status: MessageStatus
    detail: str = ""
    reason: str = ""
    retry: bool = False
