"""What the gate knows: contacts, loaded for many customers at once."""

from __future__ import annotations

from collections.abc import Sequence

from zhiyin.adapters.records.erasure import address_mark
from zhiyin.adapters.records.models import Consent, Customer, Suppression
from zhiyin.domain.consent import MARKETING
from zhiyin.loop.decide import Contact, Policy
from zhiyin.services.workspace import Workspace


def policy(ws: Workspace) -> Policy:
    """What the shop decided about consent."""
    return Policy(consent=ws.settings.campaign.consent)


def contacts(customer_ids: Sequence[str], channel: str = "email") -> dict[str, Contact]:
    """A contact for each id, in three queries; an id without a customer is ``known=False``."""
    addresses = {
        row["customer_id"]: (row["email"] if channel == "email" else row["phone"]).strip()
        for row in Customer.objects.filter(pk__in=customer_ids).values("customer_id", "email", "phone")
    }
    consents = {
        row["customer_id"]: (row["granted"], row["source"])
        for row in Consent.objects.filter(
            customer__in=customer_ids, channel=channel, purpose=MARKETING
        ).values("customer_id", "granted", "source")
    }
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
        granted, source = consents.get(customer_id, (None, ""))
        result[customer_id] = Contact(
            customer_id=customer_id,
            address=address,
            known=customer_id in addresses,
            consent=granted,
            consent_source=source,
            suppressed=suppressed.get(address.lower(), ""),
        )
    return result
