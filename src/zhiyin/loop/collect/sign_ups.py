"""form + what was typed → the reason why it is not taken, or none: rules from top to bottom, the first counts.

What only records know, such as limits and suppressed addresses, is asked by ``services/sign_ups``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from zhiyin.domain.form import Form, SignUp
from zhiyin.domain.reasons import DoubtReason, SignUpReason
from zhiyin.loop.collect import doubts, normal_forms

SOONEST = timedelta(seconds=2)  # people need longer than this to fill in a form
LATEST = timedelta(days=1)  # from showing the form to sending it
LONGEST = 200  # letters of a field


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules are asked about: ``offered`` are the topics that the form may offer to everybody just now."""

    form: Form
    typed: SignUp
    offered: Sequence[str]
    now: datetime

    @property
    def email(self) -> str:
        """The address in its normal form, empty if it cannot be one."""
        return normal_forms.email(self.typed.email[:320]) or ""

    @property
    def topics(self) -> tuple[str, ...]:
        """Those chosen; of a single one that is offered nobody is asked."""
        return self.typed.topics or (tuple(self.offered) if len(self.offered) == 1 else ())


def trap(asked: Asked) -> bool:
    """A field that people do not see was filled in."""
    return bool(asked.typed.trap)


def unknown_origin(asked: Asked) -> bool:
    """It came neither from our own page nor from a site that may hold the form."""
    return asked.typed.asked_at is None and not asked.typed.trusted


def too_fast(asked: Asked) -> bool:
    """It was sent sooner than anybody can type."""
    shown = asked.typed.asked_at
    return shown is not None and asked.now - shown < SOONEST


def stale(asked: Asked) -> bool:
    """The page had been open for longer than a day."""
    shown = asked.typed.asked_at
    return shown is not None and asked.now - shown > LATEST


def closed(asked: Asked) -> bool:
    """The form offered topics, and none of them is offered to everybody any more."""
    return bool(asked.form.topics) and not asked.offered


def bad_email(asked: Asked) -> bool:
    """The address cannot be one."""
    return not asked.email


def bad_field(asked: Asked) -> bool:
    """A field is too long, or the form does not ask for it."""
    said = asked.typed.fields
    return any(name not in asked.form.fields or len(value) > LONGEST for name, value in said.items())


def mistyped(asked: Asked) -> bool:
    """The address is one slip away from a large provider's, and nobody said that it is right."""
    return not asked.typed.sure and _doubted(asked, DoubtReason.MISTYPED)


def disposable(asked: Asked) -> bool:
    """The address is thrown away after use, and the form does not take such."""
    return not asked.form.take_disposable and _doubted(asked, DoubtReason.DISPOSABLE)


def unknown_topic(asked: Asked) -> bool:
    """A topic was chosen that this form does not offer: a hidden or archived one, or another form's."""
    return not set(asked.typed.topics) <= set(asked.offered)


def no_topic(asked: Asked) -> bool:
    """Of several topics none was chosen."""
    return bool(asked.offered) and not asked.topics


RULES: tuple[Callable[[Asked], bool], ...] = (
    trap, unknown_origin, too_fast, stale, closed, bad_email, bad_field, mistyped, disposable, unknown_topic, no_topic
)  # fmt: skip
# of these nothing is told: who was refused reads what everybody reads
QUIET = frozenset(
    (
        SignUpReason.TRAP,
        SignUpReason.TOO_FAST,
        SignUpReason.SUPPRESSED,
        SignUpReason.ADDRESS_LIMIT,
        SignUpReason.NETWORK_LIMIT,
    )
)


def refusal(asked: Asked) -> SignUpReason | None:
    """The reason of the first rule that stops it."""
    return next((SignUpReason(rule.__name__) for rule in RULES if rule(asked)), None)


def plain(text: str) -> str:
    """What is kept of a text: one line, without what no database holds.

    >>> plain(" Li\\n\\x00 Na\\ud800 ")
    'Li Na?'
    """
    seen = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in text)
    return " ".join(seen.encode("utf-8", "replace").decode().split())


def mailbox(email: str) -> str:
    """The mailbox behind an address, so that spelling it in another way is no other address for a limit.

    >>> mailbox("Ann.Lee+news@gmail.com"), mailbox("ann.lee+news@Example.com")
    ('annlee@gmail.com', 'ann.lee@example.com')
    """
    local, _, domain = email.lower().rpartition("@")
    local = local.partition("+")[0]
    return f"{local.replace('.', '') if domain in ('gmail.com', 'googlemail.com') else local}@{domain}"


def _doubted(asked: Asked, reason: DoubtReason) -> bool:
    found = doubts.doubt(asked.email)
    return found is not None and found.reason == reason
