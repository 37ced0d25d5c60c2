"""Erasing a person from records: rows go, the ledger keeps its sums under a name that leads nowhere."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from zhiyin.adapters.records.bounce import BounceNote
from zhiyin.adapters.records.consent import Consent, Suppression
from zhiyin.adapters.records.customer import Customer
from zhiyin.adapters.records.decision import Decision
from zhiyin.adapters.records.form import SignUp
from zhiyin.adapters.records.hit import Hit
from zhiyin.adapters.records.identity import Identity
from zhiyin.adapters.records.membership import Membership, Touched, Transition, Wake
from zhiyin.adapters.records.message import Message
from zhiyin.adapters.records.message_copy import MessageCopy
from zhiyin.domain.message import PENDING, MessageStatus
from zhiyin.domain.reasons import Reason, SuppressReason

# every model that holds a person; a test finds one that is missing here
HOLDS_PEOPLE = (
    BounceNote, Customer, Consent, Decision, Hit, Identity, Membership, Message, SignUp, Suppression, Touched,
    Transition, Wake,
)  # fmt: skip
_OF_SEGMENTS = {"memberships": Membership, "transitions": Transition, "touched": Touched, "wakes": Wake}

NOBODY = "erased:"  # how the names begin under which the ledger keeps its sums
STRANGER = "address:"  # and those under which it keeps a message to somebody who is no customer
NAMELESS = (NOBODY, STRANGER)  # no events are told of these
_CUSTOMER = "customer"


def address_mark(address: str) -> str:
    """What is kept of an erased address: a keyed hash, by which it is known again and cannot be read."""
    return "erased:" + salted_hmac("zhiyin.erasure", address.strip().lower(), algorithm="sha256").hexdigest()


def customer_mark(customer_id: str) -> str:
    """What is kept of an erased id, made like the mark of an address."""
    return _customer_marks([customer_id])[customer_id]


def stranger(address: str) -> str:
    """The name in the ledger for whoever reads an address and is no customer; the same for the same address."""
    mark = salted_hmac("zhiyin.stranger", address.strip().lower(), algorithm="sha256").hexdigest()
    return f"{STRANGER}{mark[:40]}"


def _customer_marks(customer_ids: Iterable[str]) -> dict[str, str]:
    """The marks of many; as ``salted_hmac`` makes them, with the key made once."""
    key = hashlib.sha256(b"zhiyin.erasure.customer" + settings.SECRET_KEY.encode()).digest()
    return {who: "erased:" + hmac.digest(key, who.encode(), "sha256").hex() for who in customer_ids}


def erased_at(customer_ids: Iterable[str]) -> dict[str, datetime]:
    """Those among the ids that were erased, and when."""
    marks = dict(Suppression.objects.filter(channel=_CUSTOMER).values_list("address", "at"))
    if not marks:
        return {}
    asked = _customer_marks(customer_ids)
    return {who: marks[mark] for who, mark in asked.items() if mark in marks}


def addresses(customer_id: str) -> set[str]:
    """Every address and number that records hold of a person; an address is its own, of whomever it is."""
    if "@" in customer_id and not Customer.objects.filter(pk=customer_id).exists():
        return {customer_id.strip()}
    found = set(Message.objects.filter(customer_id=customer_id).values_list("address", flat=True))
    for email, phone in Customer.objects.filter(pk=customer_id).values_list("email", "phone"):
        found |= {email, phone}
    return {address.strip() for address in found} - {""}


def visitors(customer_id: str) -> list[str]:
    """The anonymous ids that turned out to be a person's."""
    return sorted(Identity.objects.filter(customer_id=customer_id).values_list("anonymous_id", flat=True))


def erase(customer_id: str, now: datetime) -> dict[str, int]:
    """Erase a person in one transaction; returns rows by table.

    The customer and their consents are deleted. Ledger rows and decisions stay for the sums of reports, under
    a random name and without address, details and facts; what was not sent yet is refused as erased. A
    suppressed address stays suppressed, as ``address_mark``; the id is kept as ``customer_mark``. Notes of what came
    back stay for their sums, without words.
    """
    nobody = f"{NOBODY}{uuid.uuid4().hex}"
    with transaction.atomic():
        known = addresses(customer_id)
        names = [
            customer_id,
            *(stranger(address) for address in known),
        ]  # also from before they were a customer
        marks = {address_mark(address) for address in known if "@" in address}
        plain = Q(address__in={address.lower() for address in known})
        signed_up = Q(customer_id=customer_id)
        for address in known:
            signed_up |= Q(address__iexact=address)
        told = Q(customer_id__in=names) | plain
        for address in known:
            told |= Q(diagnostic__icontains=address)
        bounces = BounceNote.objects.filter(told).update(customer_id="", address="", diagnostic="", token="")
        suppressed, _ = Suppression.objects.filter(plain).delete()
        messages = Message.objects.filter(customer_id__in=names)
        messages.filter(status__in=PENDING).exclude(status=MessageStatus.HANDED_OVER).update(
            status=MessageStatus.REFUSED, reason=Reason.ERASED, finished_at=now
        )
        counts = {
            "copies": MessageCopy.objects.filter(message__in=messages).delete()[0],
            "messages": messages.update(
                customer_id=nobody, address="", domain="", detail="", items=[], data=None, published=True
            ),
            "decisions": Decision.objects.filter(customer_id__in=names).update(customer_id=nobody, facts=[]),
            "suppressions": suppressed,
            "sign_ups": SignUp.objects.filter(signed_up).update(
                address="", fields={}, customer_id="", proof={}, confirmed_proof={}
            ),
            "bounces": bounces,
            "hits": Hit.objects.filter(customer_id=customer_id).delete()[0],
        }
        for name, model in _OF_SEGMENTS.items():
            counts[name], _ = model._default_manager.filter(customer_id=customer_id).delete()
        _, deleted = Customer.objects.filter(pk=customer_id).delete()
        counts["customers"] = deleted.get("records.Customer", 0)
        counts["consents"] = deleted.get("records.Consent", 0)
        counts["identities"] = deleted.get("records.Identity", 0)
        Suppression.objects.bulk_create(
            [Suppression(channel="email", address=m, reason=SuppressReason.ERASED, at=now) for m in marks],
            ignore_conflicts=True,
        )
        Suppression.objects.update_or_create(
            channel=_CUSTOMER,
            address=customer_mark(customer_id),
            defaults={"reason": SuppressReason.ERASED, "at": now},
        )
    return counts


def vacuum() -> bool:
    """Take what was deleted off the disk; False if others keep the database from being tidied just now."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        if connection.vendor != "sqlite":
            return True
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (busy, _, _) = cursor.fetchone()
    return not busy
