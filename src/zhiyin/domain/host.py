"""Hosts: whether an address leads out of this machine or this network, and names in any script."""

from __future__ import annotations

import ipaddress

import idna

_HOME = ("localhost", "local", "localdomain", "internal", "lan", "home.arpa", "intranet", "test")


def is_this_machine(host: str) -> bool:
    """Whether a host is the machine itself.

    >>> is_this_machine("127.0.0.1"), is_this_machine("localhost"), is_this_machine("192.168.1.2")
    (True, True, False)
    """
    address = _address(host)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def is_private(host: str) -> bool:
    """Whether only this machine or its own network can reach a host.

    Names without a dot and those under ``.local``, ``.internal`` and the like are taken for private.

    >>> is_private("10.0.0.7"), is_private("mail"), is_private("shop.local"), is_private("shop.example.com")
    (True, True, True, False)
    """
    address = _address(host)
    if address is not None:
        return not address.is_global
    name = host.lower().rstrip(".")
    return "." not in name or any(name.endswith(f".{end}") for end in _HOME)


def ascii_domain(domain: str) -> str:
    """A domain as the DNS has it (RFC 5891); empty where no name server could hold it.

    >>> ascii_domain("例子.公司"), ascii_domain("☃.example")
    ('xn--fsqu00a.xn--55qx5d', '')
    """
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return ""


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
