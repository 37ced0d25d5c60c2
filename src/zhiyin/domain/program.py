"""Programs: whatever sends messages, and what each message takes from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zhiyin.domain.template import Wordings


class Stream(StrEnum):
    """What a message is for; mailbox providers and recipients keep these apart, and so do we.

    ``marketing`` needs consent, keeps hours and pace, and says how to stop it. ``transactional`` answers something
    that its recipient did: a receipt, a password, a confirmation.
    """

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


@dataclass(frozen=True, slots=True)
class Program:
    """What the way of a message asks of its program: name, wording, sender and stream.

    ``name`` is how the send ledger knows it, kind and key: ``campaign:spring``. ``group`` is the second part of
    the Feedback-ID, ``topic`` the list that one click leaves. ``campaign_id`` is the row of a campaign, which may be
    paused; other programs only wait.
    """

    name: str
    title: str
    stream: Stream
    wordings: Wordings  # with their saved blocks in place
    sender_name: str
    sender_email: str
    reply_to: str = ""
    group: str = ""
    topic: str = ""
    tracked: bool = True
    placement: str = "email"
    recommender: str = ""
    campaign_id: int | None = None

    @property
    def key(self) -> str:
        """What its kind calls it: ``spring`` of ``campaign:spring``."""
        return self.name.partition(":")[2]

    @property
    def marketing(self) -> bool:
        """Whether its messages may be refused, and say how."""
        return self.stream is Stream.MARKETING


def kind_of(name: str) -> str:
    """The kind of a program's name.

    >>> kind_of("transactional:receipt")
    'transactional'
    """
    return name.partition(":")[0]


def campaign_of(name: str) -> str | None:
    """The key of the campaign, as events bear it; None for other programs.

    >>> campaign_of("campaign:spring"), campaign_of("transactional:receipt")
    ('spring', None)
    """
    kind, _, key = name.partition(":")
    return key if kind == "campaign" else None
