"""Consents: what people say for themselves, at a moment; the later word counts, whichever comes in first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from zhiyin.adapters.records.among import among
from zhiyin.adapters.records.models import Consent, Customer, Suppression
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.consent import Consent as Answer
from zhiyin.domain.event import CONSENT_CHANGED, SUPPRESSION_LIFTED, Event
from zhiyin.domain.reasons import SuppressReason

EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer that counts: whether it changed what was known, and whether it lifted a suppression."""

    answer: Answer
    changed: bool
    lifted: bool


def take(answers: Sequence[Answer]) -> list[Taken]:
    """Keep those answers that are later than what is known, and lift what they lift; the others are left out.

    A yes lifts the suppression of an address from which its owner unsubscribed before that yes. What stands
    on the list because of a bounce, a complaint, by hand or after an erasure stays there. All answers are about
    one channel and purpose; the customers must be known. Call it within a transaction.
    """
    known = {
        row.customer_id: row
        for row in Consent.objects.select_for_update().filter(
            customer_id__in=[answer.customer_id for answer in answers],
            channel__in={answer.channel for answer in answers},
            purpose__in={answer.purpose for answer in answers},
        )
    }
    latest: dict[str, Answer] = {}
    for answer in sorted(answers, key=lambda answer: answer.at):
        if _is_later(answer, known.get(answer.customer_id)):
            latest[answer.customer_id] = answer
    lifted = _lift(list(latest.values()))
    rows = [
        Consent(
            customer_id=answer.customer_id,
            channel=answer.channel,
            purpose=answer.purpose,
            granted=answer.granted,
            source=answer.source,
            at=answer.at,
            proof=dict(answer.proof),
        )
        for answer in latest.values()
    ]
    Consent.objects.bulk_create(
        rows,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["customer", "channel", "purpose"],
        update_fields=["granted", "source", "at", "proof"],
    )
    return [
        Taken(
            answer,
            changed=who not in known or known[who].granted != answer.granted,
            lifted=who in lifted,
        )
        for who, answer in latest.items()
    ]


def known(customer_ids: Collection[str]) -> dict[str, dict[str, dict[str, bool]]]:
    """The latest words of customers as they stand now: by customer, channel and purpose. Who said none is left out."""
    found: dict[str, dict[str, dict[str, bool]]] = {}
    columns = ("customer_id", "channel", "purpose", "granted")
    for who, channel, purpose, granted in among(Consent, "customer_id", customer_ids, *columns):
        found.setdefault(who, {}).setdefault(channel, {})[purpose] = bool(granted)
    return found


def as_text(said: Mapping[str, Mapping[str, bool]]) -> str:
    """The words of one customer as the lake keeps them.

    >>> as_text({"email": {"marketing": True}})
    '{"email":{"marketing":true}}'
    """
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def events(taken: Sequence[Taken], seed: str = "", source: str = "") -> list[Event]:
    """What changed, as events of the lake; their ids follow from the answers, or from ``seed`` and the person. They
    are told as by ``source``, else as by that of the answers."""
    told = []
    for one in taken:
        answer = one.answer
        said = f"{seed or answer.at.isoformat()}|{answer.customer_id}|{answer.granted}"
        if answer.purpose != MARKETING:  # several words may be said at one moment
            said += f"|{answer.purpose}"
        digest = hashlib.blake2b(said.encode(), digest_size=12).hexdigest()
        about: dict[str, object] = {"channel": answer.channel, "purpose": answer.purpose}
        if one.changed:
            told.append(
                _event(
                    "consent", digest, CONSENT_CHANGED, answer, about | {"granted": answer.granted}, source
                )
            )
        if one.lifted:
            about["reason"] = str(SuppressReason.UNSUBSCRIBED)
            told.append(_event("lifted", digest, SUPPRESSION_LIFTED, answer, about, source))
    return told


def _is_later(answer: Answer, known: Consent | None) -> bool:
    if known is None or answer.at > known.at:
        return True
    # at the same moment a no counts, unless the same source corrects itself
    return answer.at == known.at and (not answer.granted or answer.source == known.source)


def _lift(answers: Sequence[Answer]) -> set[str]:
    """Lift unsubscriptions that are older than a yes of the address's owner; returns whose."""
    granted = {answer.customer_id: answer for answer in answers if answer.granted and answer.channel == EMAIL}
    if not granted:
        return set()
    emails = dict(Customer.objects.filter(pk__in=granted).exclude(email="").values_list("pk", "email"))
    addresses = {who: email.strip().lower() for who, email in emails.items()}
    suppressed = dict(
        Suppression.objects.filter(
            channel=EMAIL, reason=SuppressReason.UNSUBSCRIBED, address__in=set(addresses.values())
        ).values_list("address", "at")
    )
    lifted = {
        who
        for who, address in addresses.items()
        if address in suppressed and suppressed[address] < granted[who].at
    }
    Suppression.objects.filter(
        channel=EMAIL, reason=SuppressReason.UNSUBSCRIBED, address__in={addresses[who] for who in lifted}
    ).delete()
    return lifted


def _event(
    prefix: str, digest: str, name: str, answer: Answer, properties: dict[str, object], source: str
) -> Event:
    return Event(
        event_id=f"{prefix}:{digest}",
        type="track",
        name=name,
        timestamp=answer.at,
        customer_id=answer.customer_id,
        source=source or answer.source,
        properties=properties,
    )
