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
    """An e-mail ready to be made into bytes: envelope, headers in order, and both bodies."""

    message_id: str
    envelope_from: str
    to: str
    subject: str
    html: str
    text: str
    from_header: str
    headers: Mapping[str, str] = field(default_factory=dict)
    to_name: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a channel carries: from whom to whom, and the bytes between them."""

    message_id: str
    sender: str
    to: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a channel answered: accepted, failed (with a reason), or unknown.

    ``retry`` says that nothing was taken over and a later attempt may succeed. ``everyone`` says that the
    refusal is not about this recipient: the server would answer the same to the next one.
    """

    status: MessageStatus
    detail: str = ""
    reason: str = ""
    retry: bool = False
    everyone: bool = False
