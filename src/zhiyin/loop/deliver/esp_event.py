"""what a provider told of a message → a bounce, in the words that mail itself is judged by."""

from __future__ import annotations

from dataclasses import replace

from zhiyin.domain.bounce import Bounce, BounceKind
from zhiyin.domain.esp import EspEvent
from zhiyin.domain.reasons import BounceReason as Why
from zhiyin.loop.deliver.bounces import of_reply

_VAGUE = (Why.UNSPECIFIED, Why.EXPIRED, Why.SERVER)
# why a provider did not even send
_UNSENT = {
    "invalid": (BounceKind.HARD, Why.USER_UNKNOWN),
    "bounced": (BounceKind.HARD, Why.USER_UNKNOWN),  # before, so that it stands on the provider's own list
    "timed_out": (BounceKind.SOFT, Why.EXPIRED),
    "blocked": (BounceKind.SOFT, Why.BLOCKED),
    "spam": (BounceKind.COMPLAINT, Why.ABUSE),
    "unsubscribed": (BounceKind.COMPLAINT, Why.OPT_OUT),
}


def bounce_of(event: EspEvent) -> Bounce | None:
    """The bounce that an event tells of; None for opens, deliveries and whatever else is no bounce.

    Of what came back, the server's words decide as they do in mail; where they say nothing, the provider's word that
    it is final does.

    >>> bounce_of(EspEvent("1", "bounced", said="smtp;550 5.1.1 no such user")).reason.value
    'user_unknown'
    >>> bounce_of(EspEvent("1", "delivered")) is None
    True
    """
    match event.kind:
        case "bounced":
            return _came_back(event)
        case "deferred":
            return Bounce(BounceKind.SOFT, Why.EXPIRED, event.recipient, diagnostic=event.said, final=False)
        case "complained":
            return Bounce(BounceKind.COMPLAINT, Why.ABUSE, event.recipient, diagnostic=event.said)
        case "unsubscribed":
            return Bounce(BounceKind.COMPLAINT, Why.OPT_OUT, event.recipient, diagnostic=event.said)
        case "rejected" | "failed":
            kind, reason = _UNSENT.get(event.reason, (BounceKind.SOFT, Why.UNSPECIFIED))
            return Bounce(kind, reason, event.recipient, diagnostic=event.said)
    return None


def _came_back(event: EspEvent) -> Bounce:
    bounce = replace(
        of_reply(event.said, recipient=event.recipient), final=True
    )  # it says so, whatever the code
    if event.hard and bounce.reason in _VAGUE:
        return replace(bounce, kind=BounceKind.HARD, reason=Why.USER_UNKNOWN)
    if bounce.reason == Why.UNSPECIFIED and event.reason in ("spam", "blocked"):
        return replace(bounce, reason=Why.SPAM if event.reason == "spam" else Why.BLOCKED)
    return bounce
