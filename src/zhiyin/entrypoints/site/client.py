"""The address that a request came from; proxies are believed only where the settings name them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from django.http import HttpRequest

from zhiyin.entrypoints.site import current


def client_address(request: HttpRequest) -> str:
    """The address of whoever asked.

    ``X-Forwarded-For`` is read from its end, as long as the sender so far is one of
    ``server.trusted_proxies``; of anybody else it is ignored.
    """
    trusted = current().settings.server.proxies
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return forwarded(request.META.get("REMOTE_ADDR", ""), hops, trusted)


def forwarded(address: str, header: str, trusted: Sequence[str]) -> str:
    """The address behind trusted proxies; that of the connection where none is trusted."""
    if not trusted:
        return address
    hops = header.split(",")
    while hops and any(address_in(address, network) for network in trusted):
        hop = hops.pop().strip()
        if not _valid(hop):
            break
        address = hop
    return address


def address_in(address: str, network: str) -> bool:
    """Whether an address belongs to a network, such as ``10.0.0.0/8``, or is the one given."""
    return _valid(address) and ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)


def _valid(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True
