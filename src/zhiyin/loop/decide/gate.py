"""The gate: may we write to this person now? A tuple of rules, read top to bottom.

Every rule is asked and every answer kept; the first that does not hold is the reason of a refusal. The gate
is asked when a message is planned and again in the transaction that claims it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

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


_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Word:
    """A yes or no: where it was said, and when."""

    granted: bool
    source: str = ""
    at: datetime = _LONG_AGO


@dataclass(frozen=True, slots=True)
class Contact:
    """What the gate knows about one customer.

    ``consent`` is the latest yes or no to offers, None if there is none; ``topics`` the latest words about
    single topics; ``suppressed`` the reason for which the address must not be written to, empty if there is none.
    """

    customer_id: str
    address: str = ""
    known: bool = True
    consent: bool | None = None
    consent_source: str = ""
    suppressed: str = ""
    consent_at: datetime = _LONG_AGO
    topics: Mapping[str, Word] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is asked: whether a missing consent is a no (``opt_in``) or a yes (``opt_out``), as the shop decided; what
    the message is for; and its topic, empty for one that is about none."""

    consent: str = "opt_in"
    stream: Stream = Stream.MARKETING
    topic: str = ""


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
    """The customer has not unsubscribed, from everything or from the topic."""
    word, about = word_about(contact, policy.topic)
    said = word is not None and not word.granted and word.source.startswith("unsubscribe")
    gone = contact.suppressed == SuppressReason.UNSUBSCRIBED or said
    return Fact(Reason.UNSUBSCRIBED.value, not gone, {"topic": about} if said and about else {})


def has_consent(contact: Contact, policy: Policy) -> Fact:
    """The customer said yes, or never said no where the shop works by opting out."""
    word, about = word_about(contact, policy.topic)
    granted = None if word is None else word.granted
    holds = granted is True or (granted is None and policy.consent == "opt_out")
    said = {True: "yes", False: "no", None: "nothing"}[granted]
    detail = {"said": said, "policy": policy.consent}
    return Fact(Reason.NO_CONSENT.value, holds, detail | ({"topic": about} if about else {}))


def word_about(contact: Contact, topic: str = "") -> tuple[Word | None, str]:
    """The word that counts for a topic, and the topic if it was said about that alone.

    A word about the topic goes before one about offers in general, except that a no to everything stops every
    topic that was not asked for again since. Who said nothing about the topic is taken by the general word.

    >>> no = Contact("c", consent=False, topics={"news": Word(True)})
    >>> word_about(no, "news")[0].granted
    False
    """
    general = None
    if contact.consent is not None:
        general = Word(contact.consent, contact.consent_source, contact.consent_at)
    own = contact.topics.get(topic) if topic else None
    if own is None or (general is not None and not general.granted and general.at >= own.at):
        return general, ""
    return own, topic


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
