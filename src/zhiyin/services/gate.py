"""What the gate knows: contacts, loaded for many customers or messages at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from zhiyin.adapters.records.erasure import address_mark
from zhiyin.adapters.records.models import Campaign, Consent, Customer, Message, Suppression
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.program import Stream
from zhiyin.loop.decide import Contact, Policy, Word
from zhiyin.services import programs
from zhiyin.services.workspace import Workspace


def policy(ws: Workspace, program: str = "campaign:", topic: str = "") -> Policy:
    """What the shop decided about consent, what the messages of a program are for, and what this one is about."""
    return Policy(ws.settings.campaign.consent, programs.stream(program), topic)


def topics(rows: Iterable[Message]) -> dict[int | None, str]:
    """What the campaigns of messages are about, by their row; those about nothing are left out."""
    named = Campaign.objects.filter(pk__in={row.campaign_id for row in rows}).exclude(topic="")
    return dict(named.values_list("pk", "topic"))


def of_rows(rows: Sequence[Message]) -> dict[int, Contact]:
    """A contact for each message, by its row: the customer's, or the message's own address where it has one."""
    own = [row for row in rows if programs.stream(row.program) is Stream.TRANSACTIONAL]
    apart = {row.pk for row in own}
    rest = [row for row in rows if row.pk not in apart]
    theirs = contacts([row.customer_id for row in rest], topics=topics(rest).values()) if rest else {}
    suppressed = _suppressed({row.address.lower() for row in own}) if own else {}
    found = {row.pk: theirs[row.customer_id] for row in rest}
    for row in own:
        reason = suppressed.get(row.address.lower(), "")
        found[row.pk] = Contact(row.customer_id, row.address, suppressed=reason)
    return found


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
    suppressed = _suppressed({address.lower() for address in addresses.values() if address}, channel)
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
            contact = replace(
                contact, consent=general.granted, consent_source=general.source, consent_at=general.at
            )
        result[customer_id] = contact
    return result


def _suppressed(addresses: Collection[str], channel: str = "email") -> dict[str, str]:
    """The reasons of those among these addresses, in small letters, that must not be written to."""
    # an erased address is known by its mark alone
    forms = {form: address for address in addresses for form in (address, address_mark(address))}
    found = Suppression.objects.filter(channel=channel, address__in=forms)
    return {forms[form]: reason for form, reason in found.values_list("address", "reason")}
