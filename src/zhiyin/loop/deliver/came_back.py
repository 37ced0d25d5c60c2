"""a bounce of a message of ours → what follows for its address: a word in the ledger, an event, an end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zhiyin.domain.bounce import MESSAGE_CAUSED, Bounce, BounceKind
from zhiyin.domain.event import EMAIL_BOUNCED, EMAIL_MARKED_AS_SPAM
from zhiyin.domain.reasons import BounceReason, SuppressReason

IN_A_ROW = 5  # soft bounces after which an address is given up
_GRAVITY = ("", BounceKind.SOFT, BounceKind.HARD, BounceKind.COMPLAINT)
_WEIGHT: dict[str, int] = {
    SuppressReason.SOFT_BOUNCES: 0,
    SuppressReason.UNSUBSCRIBED: 1,
    SuppressReason.COMPLAINT: 1,
    SuppressReason.HARD_BOUNCE: 2,
}


@dataclass(frozen=True, slots=True)
class Past:
    """How an earlier message to an address ended: ``accepted`` by the server, and what came back for it later."""

    accepted: bool
    kind: str = ""
    reason: str = ""

    @property
    def stayed(self) -> bool:
        """Whether it arrived, as far as anybody knows: a complaint is made of what arrived."""
        return self.accepted and self.kind in ("", BounceKind.COMPLAINT)

    @property
    def counts(self) -> bool:
        """Whether it came back for a reason of the recipient's."""
        return self.kind in (BounceKind.SOFT, BounceKind.HARD) and self.reason not in MESSAGE_CAUSED


def counts(bounce: Bounce) -> bool:
    """Whether the ledger is to say it: it is final, and a complaint is about the message and not about our DNS.

    >>> counts(Bounce(BounceKind.SOFT, BounceReason.EXPIRED, final=False))
    False
    """
    if bounce.kind == BounceKind.NONE or not bounce.final:
        return False
    return bounce.kind != BounceKind.COMPLAINT or not bounce.message_caused


def event(bounce: Bounce) -> str:
    """The name of the event that tells it."""
    return EMAIL_MARKED_AS_SPAM if bounce.kind == BounceKind.COMPLAINT else EMAIL_BOUNCED


def graver(kind: str, before: str) -> bool:
    """Whether it is worse than what came back for the same message before.

    >>> graver("complaint", "soft"), graver("soft", "hard")
    (True, False)
    """
    return _GRAVITY.index(kind) > _GRAVITY.index(before)


def suppresses(bounce: Bounce) -> SuppressReason | None:
    """Why its address must not be written to after this bounce alone; None where that is not enough.

    >>> suppresses(Bounce(BounceKind.HARD, BounceReason.USER_UNKNOWN)).value
    'hard_bounce'
    """
    if not counts(bounce) or bounce.message_caused:
        return None
    if bounce.kind == BounceKind.HARD:
        return SuppressReason.HARD_BOUNCE
    if bounce.kind == BounceKind.COMPLAINT:
        return (
            SuppressReason.UNSUBSCRIBED if bounce.reason == BounceReason.OPT_OUT else SuppressReason.COMPLAINT
        )
    return None


def outweighs(reason: SuppressReason, listed: str) -> bool:
    """Whether an address is better listed for this reason than for the one it is listed for.

    Her own word goes before a full mailbox; that there is no mailbox goes before both, since then nothing at all is
    to be sent. What somebody decided stays.

    >>> outweighs(SuppressReason.HARD_BOUNCE, "complaint"), outweighs(SuppressReason.COMPLAINT, "hard_bounce")
    (True, False)
    """
    return _WEIGHT.get(reason, 3) > _WEIGHT.get(listed, 3)


def worn_out(latest_first: Iterable[Past]) -> bool:
    """Whether five messages to an address came back one after the other, and none between them stayed.

    What was refused for a reason of the message's, and what nobody knows the end of, neither counts nor clears.

    >>> soft = Past(True, "soft", "mailbox_full")
    >>> worn_out([soft] * 5), worn_out([soft, Past(True), soft, soft, soft, soft])
    (True, False)
    """
    row = 0
    for past in latest_first:
        if past.stayed:
            return False
        row += past.counts
        if row == IN_A_ROW:
            return True
    return False
