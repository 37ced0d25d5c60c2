"""Tracking: opens and clicks, from signed links only; each becomes an event."""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import dataclass

from zhiyin.adapters.records.erasure import NAMELESS
from zhiyin.adapters.records.models import Message
from zhiyin.domain.engagement import HIDDEN
from zhiyin.domain.event import EMAIL_LINK_CLICKED, EMAIL_OPENED, Event
from zhiyin.domain.program import campaign_of
from zhiyin.loop.deliver import links, sign
from zhiyin.services import ingest
from zhiyin.services.public_links import PublicLinks
from zhiyin.services.workspace import Workspace

TEST = "test"  # tokens of test messages start with this; they are in no ledger


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asked: kept raw, so that machines and people can be told apart later by a better rule."""

    user_agent: str = ""
    ip: str = ""
    method: str = "GET"

    def raw(self) -> dict[str, str]:
        """What is kept: the browser, the network rather than the household, and the method."""
        return {"user_agent": self.user_agent[:500], "ip": short_ip(self.ip), "method": self.method}


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
                properties={"token": token, "step": step, **more, **visitor.raw()},
            )
        ],
    )
