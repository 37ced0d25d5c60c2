"""What the gate knows: contacts, loaded for many customers at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from zhiyin.adapters.records.erasure import address_mark
from zhiyin.adapters.records.models import Consent, Customer, Suppression
from zhiyin.domain.consent import MARKETING
from zhiyin.loop.decide import Contact, Policy, Word
from zhiyin.services.workspace import Workspace


def policy(ws: Workspace, topic: str = "") -> Policy:
    """What the shop decided about consent, for a message about ``topic``."""
    return Policy(consent=ws.settings.campaign.consent, topic=topic)


def contacts(
    customer_ids: Sequence[str], channel: str = "email", topics: Iterable[str] = ()
) -> dict[str, Contact]:
    """A contact for each id, in three queries, with what was said about these ``topics``; an id without a
    customer is ``known=False``."""
    addresses = {
        row["customer_id"]: (row["email"] if channel == "email" else row["phone"]).strip()
        for row in Customer.objects.filter(pk__in=customer_ids).values("customer_id", "email", "phone")
    }
    words: dict[str, dict[str, Word]] = {}
    for who, purpose, granted, source, at in Consent.objects.filter(
        customer__in=customer_ids, channel=channel, purpose__in={MARKETING, *topics} - {""}
    ).values_list("customer_id", "purpose", "granted", "source", "at"):
        words.setdefault(who, {})[purpose] = Word(granted, source, at)
    # an erased address is known by its mark alone
    plain = {address.lower() for address in addresses.values() if address}
    forms = {form: address for address in plain for form in (address, address_mark(address))}
    suppressed = {
        forms[form]: reason
        for form, reason in Suppression.objects.filter(channel=channel, address__in=forms).values_list(
            "address", "reason"
        )
    }
    result = {}
    for customer_id in customer_ids:
        address = addresses.get(customer_id, "")
        theirs = words.get(customer_id, {})
        general = theirs.pop(MARKETING, None)
        contact = Contact(
            customer_id=customer_id,
            address=address,
            known=customer_id in addresses,
            suppressed=suppressed.get(address.lower(), ""),
            topics=theirs,
        )
        if general is not None:
            said = {"consent": general.granted, "consent_source": general.source, "consent_at": general.at}
            contact = replace(contact, **said)
        result[customer_id] = contact
    return result
