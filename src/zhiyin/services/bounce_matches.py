"""Which message of ours something tells of that came back, and whether that may be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zhiyin.adapters.records.models import Message
from zhiyin.domain.bounce import Bounce, BounceKind, BounceReport
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.reasons import UnmatchedReason
from zhiyin.loop.deliver import return_path, sign
from zhiyin.loop.deliver.mime import ascii_address
from zhiyin.services.workspace import Workspace

_HANDED_OVER = (MessageStatus.ACCEPTED, MessageStatus.UNKNOWN, MessageStatus.HANDED_OVER)


@dataclass(frozen=True, slots=True)
class Match:
    """What is said of which message; without one, ``why`` nobody is believed about any."""

    bounce: Bounce
    message: Message | None = None
    why: str = ""


def find(ws: Workspace, report: BounceReport) -> Match:
    """The message that a report tells of.

    A tag proves by its signature that the message is ours, whoever the report names: forwarded mail comes back
    from addresses that nobody wrote to. A Message-ID proves nothing by itself, so the recipient has to be the one
    of the ledger: a forged complaint must not silence a stranger.
    """
    secret = ws.settings.server.secret
    if report.return_path:
        token = return_path.token_of(report.return_path, sign.key(secret, sign.RETURN))
    elif report.tag:
        token = sign.verify(sign.key(secret, sign.UNSUBSCRIBE), report.tag)
    else:
        return named(report, report.message_id.strip("<>").partition("@")[0].lower())
    if token is None:
        return Match(report.worst, why=UnmatchedReason.FORGED_TAG)
    message = _by(token)
    if message is None:
        return Match(report.worst, why=UnmatchedReason.UNKNOWN_MESSAGE)
    return _sent(message, _of(report.bounces, message.address) or report.worst)


def named(report: BounceReport, token: str) -> Match:
    """The message of a token that is not signed: believed only about the address that was written to."""
    if not token:
        return Match(report.worst, why=UnmatchedReason.NO_MESSAGE)
    message = _by(token)
    if message is None:
        return Match(report.worst, why=UnmatchedReason.UNKNOWN_MESSAGE)
    bounce = _of(report.bounces, message.address)
    if bounce is None:
        return Match(report.worst, why=UnmatchedReason.OTHER_RECIPIENT)
    return _sent(message, bounce)


def _by(token: str) -> Message | None:
    """The message of a token; strangers write whatever they like where ours have letters and digits."""
    fits = token.isascii() and token.isalnum()
    return Message.objects.filter(token=token).first() if fits else None


def _sent(message: Message, bounce: Bounce) -> Match:
    if message.status not in _HANDED_OVER:
        return Match(bounce, why=UnmatchedReason.NOT_SENT)
    return Match(bounce, message)


def _of(bounces: Sequence[Bounce], address: str) -> Bounce | None:
    """The gravest that names an address, as the one written to or as the one that refused."""
    wanted = _plain(address)
    if not wanted:
        return None  # erased
    told = [
        bounce for bounce in bounces if wanted in (_plain(bounce.recipient), _plain(bounce.final_recipient))
    ]
    return next((bounce for bounce in told if bounce.kind != BounceKind.NONE), told[0] if told else None)


def _plain(address: str) -> str:
    return ascii_address(address.strip()).lower() if address else ""
