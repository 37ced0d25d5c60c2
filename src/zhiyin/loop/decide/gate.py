"""The gate: may we write to this person now? A tuple of rules, read top to bottom.

Every rule is asked and every answer kept; the first that does not hold is the reason of a refusal. The gate
is asked when a message is planned and again in the transaction that claims it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zhiyin.domain.decision import Fact
from zhiyin.domain.host import ascii_domain
from zhiyin.domain.program import Stream
from zhiyin.domain.reasons import Reason, SuppressReason

# RFC 6532 allows everything but ASCII's own marks; blanks, what cannot be seen and private letters never help
_LETTER = (
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u00a1-\u00ac\u00ae-\u167f\u1681-\u1fff\u2070-\u2fff"
    r"\u3001-\ud7ff\uf900-\ufefe\uff01-\uffef\U00010000-\U000dffff]"
)
_ADDRESS = re.compile(rf"{_LETTER}+(?:\.{_LETTER}+)*@(?:[^\W_](?:[^\W_]|-)*\.)+[^\W_](?:[^\W_]|-)+")


@dataclass(frozen=True, slots=True)
class Contact:
    """What the gate knows about one customer.

    ``consent`` is the latest yes or no, None if there is none; ``suppressed`` the reason for which the
    address must not be written to, empty if there is none.
    """

    customer_id: str
    address: str = ""
    known: bool = True
    consent: bool | None = None
    consent_source: str = ""
    suppressed: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the shop decided, whether a missing consent is a no (``opt_in``) or a yes (``opt_out``); and the stream."""

    consent: str = "opt_in"
    stream: Stream = Stream.MARKETING


def not_erased(contact: Contact, policy: Policy) -> Fact:
    """The customer has not asked to be forgotten."""
    holds = contact.known and contact.suppressed != SuppressReason.ERASED
    return Fact(Reason.ERASED.value, holds)


def has_address(contact: Contact, policy: Policy) -> Fact:
    """There is an address at all."""
    return Fact(Reason.NO_ADDRESS.value, bool(contact.address.strip()))


def good_address(contact: Contact, policy: Policy) -> Fact:
    """The address can be one."""
    return Fact(Reason.BAD_ADDRESS.value, not contact.address.strip() or is_address(contact.address))


def not_suppressed(contact: Contact, policy: Policy) -> Fact:
    """The address is on no list of addresses that must not be written to.

    A complaint is about marketing: who calls a newsletter spam still gets the receipt of what they buy.
    """
    other_rules = {"", SuppressReason.UNSUBSCRIBED, SuppressReason.ERASED}
    if policy.stream is Stream.TRANSACTIONAL:
        other_rules.add(SuppressReason.COMPLAINT)
    return Fact(
        Reason.SUPPRESSED.value,
        contact.suppressed in other_rules,
        {"because": contact.suppressed} if contact.suppressed not in other_rules else {},
    )


def not_unsubscribed(contact: Contact, policy: Policy) -> Fact:
    """The customer has not unsubscribed."""
    gone = contact.suppressed == SuppressReason.UNSUBSCRIBED or (
        contact.consent is False and contact.consent_source.startswith("unsubscribe")
    )
    return Fact(Reason.UNSUBSCRIBED.value, not gone)


def has_consent(contact: Contact, policy: Policy) -> Fact:
    """The customer said yes, or never said no where the shop works by opting out."""
    holds = contact.consent is True or (contact.consent is None and policy.consent == "opt_out")
    said = {True: "yes", False: "no", None: "nothing"}[contact.consent]
    return Fact(Reason.NO_CONSENT.value, holds, {"said": said, "policy": policy.consent})


RULES: tuple[Callable[[Contact, Policy], Fact], ...] = (
    not_erased,
    has_address,
    good_address,
    not_suppressed,
    not_unsubscribed,
    has_consent,
)


# an answer to what somebody did asks for no consent, and no unsubscribing from marketing stops it
TRANSACTIONAL_RULES = RULES[:4]


def check(contact: Contact, policy: Policy) -> tuple[Fact, ...]:
    """The answer of every rule, in order; a fact's code is the reason it would refuse with."""
    rules = TRANSACTIONAL_RULES if policy.stream is Stream.TRANSACTIONAL else RULES
    return tuple(rule(contact, policy) for rule in rules)


def refusal(facts: Sequence[Fact]) -> str:
    """The code of the first fact that does not hold, empty if all do.

    >>> refusal(check(Contact("c1"), Policy("opt_out")))
    'no_address'
    """
    return next((fact.code for fact in facts if not fact.holds), "")


def is_address(text: str) -> bool:
    """Whether a text can be an e-mail address: one ``@``, a dotted domain, no blanks.

    Any script is taken before the ``@``; whether the mail server takes it too is its answer to give.

    >>> is_address("li.na@example.com"), is_address("li na@example"), is_address("李娜@例子.公司")
    (True, False, True)
    """
    if len(text) > 254 or _ADDRESS.fullmatch(text) is None:
        return False
    local, _, domain = text.partition("@")
    return len(local.encode()) <= 64 and len(ascii_domain(domain)) in range(1, 254)
