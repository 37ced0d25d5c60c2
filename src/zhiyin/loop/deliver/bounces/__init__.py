"""a message that came back → what became of whom: bounces, complaints, or nothing of the kind.

``classify`` reads whole messages, ``of_reply`` what a server answered during SMTP. Both are pure, bounded in work, and
raise nothing: whatever a stranger sends has a report.
"""

from __future__ import annotations

from zhiyin.domain.bounce import Bounce
from zhiyin.loop.deliver.bounces.letter import LIMIT
from zhiyin.loop.deliver.bounces.report import classify
from zhiyin.loop.deliver.bounces.verdict import Said, judge

__all__ = ["LIMIT", "classify", "of_reply"]


def of_reply(text: str, code: int | None = None, *, recipient: str = "", at: str = "RCPT") -> Bounce:
    """The bounce in an SMTP server's answer to the command ``at``, RCPT or DATA, with its code in front or apart.

    >>> bounce = of_reply("550 5.1.1 No such user", recipient="li@example.com")
    >>> bounce.kind.value, bounce.reason.value, bounce.status
    ('hard', 'user_unknown', '5.1.1')
    >>> of_reply("Relaying denied", 550).message_caused
    True
    """
    verdict = judge(Said(text[:LIMIT], f"in reply to {at}", code=code))
    return Bounce(
        verdict.kind, verdict.reason, recipient, verdict.status, verdict.code,
        diagnostic=text[:500], final=str(verdict.code or verdict.status)[:1] != "4",
    )  # fmt: skip
