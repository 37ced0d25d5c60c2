"""Bounces: what a message that came back says, or one that tells of another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zhiyin.domain.reasons import BounceReason as Why


class BounceKind(StrEnum):
    """What follows for the address: it is gone, it may work later, its owner complained, or nothing."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"
    NONE = "none"


class Fate(StrEnum):
    """What became of something that arrived where bounces do: received is the sum of these four.

    ``matched`` tells of a message of ours, ``unmatched`` of none that we may believe it about, ``nothing`` is no
    bounce, and ``broken`` cannot be read.
    """

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    NOTHING = "nothing"
    BROKEN = "broken"


HARD = frozenset({Why.USER_UNKNOWN, Why.HOST_UNKNOWN, Why.MOVED, Why.NO_MAIL})
COMPLAINTS = frozenset({Why.ABUSE, Why.FRAUD, Why.OPT_OUT})
NOTHING = frozenset({Why.NOT_SPAM, Why.AUTO_REPLY, Why.DELIVERED, Why.NOT_A_BOUNCE})

# the fault of the message or of who sent it: another message to the same address may arrive
MESSAGE_CAUSED = frozenset(
    (
        Why.SPAM, Why.VIRUS, Why.CONTENT, Why.TOO_BIG, Why.POLICY, Why.BLOCKED, Why.AUTH_FAILURE, Why.SENDER,
        Why.RELAY, Why.RATE_LIMITED,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bounce:
    """What became of one message to one recipient.

    ``status`` is the enhanced code (RFC 3463) and ``code`` the SMTP reply's, empty and None where none was
    given. ``recipient`` is the address that was written to, ``final_recipient`` the one that refused, where
    another.  ``message_caused`` failures say nothing about the address and never count against it. ``final``
    is False for a notice that the server still tries.
    """

    kind: BounceKind
    reason: Why
    recipient: str = ""
    status: str = ""
    code: int | None = None
    final_recipient: str = ""
    diagnostic: str = ""
    remote_mta: str = ""
    final: bool = True

    @property
    def message_caused(self) -> bool:
        """Whether the message or its sender was refused, not this address."""
        return self.reason in MESSAGE_CAUSED


@dataclass(frozen=True, slots=True)
class BounceReport:
    """One message that arrived where bounces do: what it says of each recipient, the worst first.

    ``source`` is how it was told: ``dsn`` (RFC 3464), ``arf`` (RFC 5965), ``complaint`` and ``notice`` in
    other forms, ``text`` for people, ``reply`` by a machine, or ``other``. ``message_id``, ``tag`` (the
    token of its link to unsubscribe) and ``return_path`` (the tagged address it went out with) are those of the
    message that it tells of; whether tag and path are genuine is for their keys to say. ``cut`` says that it was
    too large to be read to its end.
    """

    bounces: tuple[Bounce, ...]
    source: str = "other"
    reporting_mta: str = ""
    message_id: str = ""
    tag: str = ""
    return_path: str = ""
    cut: bool = False

    @property
    def worst(self) -> Bounce:
        """The gravest of its bounces, which stands for the whole."""
        return self.bounces[0]
