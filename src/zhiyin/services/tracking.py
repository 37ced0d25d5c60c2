"""Tracking: opens, clicks and unsubscribing, from signed links only; each becomes an event."""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import dataclass

from django.db import transaction

from zhiyin.adapters.records.erasure import NAMELESS
from zhiyin.adapters.records.models import Consent, Customer, Message, Suppression
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.engagement import HIDDEN
from zhiyin.domain.event import CONSENT_CHANGED, EMAIL_LINK_CLICKED, EMAIL_OPENED, UNSUBSCRIBED, Event
from zhiyin.domain.program import campaign_of
from zhiyin.domain.reasons import SuppressReason
from zhiyin.loop.deliver import links, sign
from zhiyin.services import ingest
from zhiyin.services.messages import language_of, of_row
from zhiyin.services.public_links import PublicLinks
from zhiyin.services.workspace import Workspace

TEST = "test"  # tokens of test messages start with this; they are in no ledger


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asked: kept raw, so that machines and people can be told apart later by a better rule."""

    user_agent: str = ""
    ip: str = ""
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the unsubscribe page shows: the language, the masked address, and whether it is over already."""

    language: str
    address: str
    gone: bool
    test: bool = False


def opened(ws: Workspace, signed: str, visitor: Visitor) -> bool:
    """Note that the pixel was loaded. False where the link is not ours."""
    token = sign.verify(PublicLinks.of(ws).open_key, signed)
    if token is None:
        return False
    _record(ws, EMAIL_OPENED, token, visitor, {})
    return True


def clicked(ws: Workspace, signed: str, visitor: Visitor) -> str | None:
    """Note a click and say where it leads; None where the link is not ours or was altered.

    The hidden link of a message leads to ``HIDDEN``: whoever follows it is a program.
    """
    text = sign.verify(PublicLinks.of(ws).click_key, signed)
    if text is None:
        return None
    token, _, url = text.partition(" ")
    if url != HIDDEN and not links.is_web(url):
        return None
    _record(ws, EMAIL_LINK_CLICKED, token, visitor, {"url": url})
    return url


def subscription(ws: Workspace, signed: str) -> Subscription | None:
    """What the unsubscribe page shows; changes nothing. None where the link is not ours."""
    token = sign.verify(PublicLinks.of(ws).unsubscribe_key, signed)
    if token is None:
        return None
    if token.startswith(TEST):
        return Subscription(ws.settings.shop.language, "", gone=False, test=True)
    message = Message.objects.filter(token=token).first()
    if message is None:
        return None
    customer = Customer.objects.filter(pk=message.customer_id).first()
    if customer is None:
        return Subscription(ws.settings.shop.language, "", gone=True)
    gone = Consent.objects.filter(
        customer=customer, channel=message.channel, purpose=MARKETING, granted=False
    ).exists()
    return Subscription(language_of(ws, of_row(customer)), _masked(message.address or customer.email), gone)


def unsubscribe(ws: Workspace, signed: str, how: str, visitor: Visitor) -> Subscription | None:
    """Take a customer off: consent says no, the address is suppressed, and both are events.

    Doing it again changes nothing. ``how`` is ``one_click`` (RFC 8058) or ``page``. None where the link is
    not ours.
    """
    shown = subscription(ws, signed)
    if shown is None or shown.test:
        return shown
    token = sign.verify(PublicLinks.of(ws).unsubscribe_key, signed)
    message = Message.objects.get(token=token)
    now = ws.now()
    campaign = campaign_of(message.program)
    events = [
        Event(
            event_id=f"unsubscribed:{token}",
            type="track",
            name=UNSUBSCRIBED,
            timestamp=now,
            customer_id=message.customer_id,
            source="zhiyin",
            campaign=campaign,
            properties={"token": token, "channel": message.channel, "how": how, **_raw(visitor)},
        ),
        Event(
            event_id=f"consent:unsubscribed:{token}",
            type="track",
            name=CONSENT_CHANGED,
            timestamp=now,
            customer_id=message.customer_id,
            source="zhiyin",
            campaign=campaign,
            properties={"channel": message.channel, "purpose": MARKETING, "granted": False},
        ),
    ]
    customer = Customer.objects.filter(pk=message.customer_id).first()
    if not shown.gone:
        ingest.record(ws, events)  # first: an event too many is harmless, a lost one is not
    with transaction.atomic():
        if customer is not None and not shown.gone:
            Consent.objects.update_or_create(
                customer=customer,
                channel=message.channel,
                purpose=MARKETING,
                defaults={"granted": False, "source": f"unsubscribe:{how}", "at": now},
            )
        addresses = {message.address, customer.email if customer else ""}
        Suppression.objects.bulk_create(
            [
                Suppression(
                    channel=message.channel,
                    address=address.lower(),
                    reason=SuppressReason.UNSUBSCRIBED,
                    at=now,
                )
                for address in sorted(addresses)
                if address
            ],
            ignore_conflicts=True,
        )
    return Subscription(shown.language, shown.address, gone=True)


def short_ip(ip: str) -> str:
    """The network of an address, not the household: /24 of IPv4, /48 of IPv6.

    >>> short_ip("203.0.113.77"), short_ip("2001:db8:1:2::9"), short_ip("unknown")
    ('203.0.113.0', '2001:db8:1::', '')
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    bits = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False).network_address)


def _record(ws: Workspace, name: str, token: str, visitor: Visitor, more: dict[str, str]) -> None:
    if token.startswith(TEST) or (visitor.method == "HEAD" and name == EMAIL_OPENED):
        return  # a HEAD on a link tells of a program that looks before it follows
    message = Message.objects.filter(token=token).values_list("customer_id", "program", "step").first()
    if message is None:
        return  # from another workspace with the same secret
    customer_id, program, step = message
    if customer_id.startswith(NAMELESS):
        return  # erased since, or nobody we know: nothing is told of the name that leads nowhere
    campaign = campaign_of(program)
    if campaign is None:
        more = {"program": program, **more}
    ingest.record(
        ws,
        [
            Event(
                event_id=uuid.uuid4().hex,
                type="track",
                name=name,
                timestamp=ws.now(),
                customer_id=customer_id,
                source="zhiyin",
                campaign=campaign,
                properties={"token": token, "step": step, **more, **_raw(visitor)},
            )
        ],
    )


def _raw(visitor: Visitor) -> dict[str, str]:
    return {
        "user_agent": visitor.user_agent[:500],
        "ip": short_ip(visitor.ip),
        "method": visitor.method,
    }


def _masked(address: str) -> str:
    """Enough to recognise one's own address, too little for anybody else.

    >>> _masked("li.na@example.com")
    'l•••@example.com'
    """
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••{at}{domain}" if at else ""
