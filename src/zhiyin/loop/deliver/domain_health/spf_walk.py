"""Follows an SPF record through everything that it includes. RFC 7208."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from zhiyin.domain.domain_health import Lookup
from zhiyin.domain.text import Text, say

_STOP = 40  # lookups after which nobody goes on
_ASKS = ("include", "a", "mx", "ptr", "exists", "redirect")
_TERM = re.compile(
    r"(?P<sign>[+?~-]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)(?P<value>[:/].*)?", re.IGNORECASE
)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>.*)", re.IGNORECASE)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class Walk:
    """What following a record and all it includes has shown."""

    lookup: Lookup
    records: list[str] = field(default_factory=list)
    lookups: int = 0
    void: int = 0
    all: str = ""  # the sign of the last word, empty without one
    networks: list[Network] = field(default_factory=list)
    faults: list[Text] = field(default_factory=list)
    silent: str = ""  # a name that DNS did not answer about
    macros: bool = False
    ptr: bool = False


def follow(domain: str, lookup: Lookup) -> Walk:
    """The record of a domain and everything it includes."""
    walk = Walk(lookup)
    _visit(walk, domain, (), top=True)
    return walk


def _visit(walk: Walk, domain: str, above: tuple[str, ...], *, top: bool = False) -> None:
    """One record. ``top`` is the domain's own and that it is redirected to: its last word counts."""
    answer = walk.lookup(domain, "TXT")
    if not answer.known:
        walk.silent = walk.silent or domain
        return
    records = [
        value for value in answer.values if value.lower() == "v=spf1" or value.lower().startswith("v=spf1 ")
    ]
    if not above:
        walk.records = records
    if len(records) != 1:
        if above:
            _fault(
                walk,
                say(
                    "The SPF record refers to {domain}, which has {n} SPF records.",
                    domain=domain,
                    n=len(records),
                ),
            )
        elif records:
            _fault(
                walk, say("{domain} has {n} SPF records; there must be one.", domain=domain, n=len(records))
            )
        return
    redirect = ""
    for word in records[0].split()[1:]:
        if walk.lookups > _STOP:
            return
        if modifier := _MODIFIER.fullmatch(word):
            if modifier["name"].lower() == "redirect":
                redirect = modifier["value"]
        elif term := _TERM.fullmatch(word):
            if term["name"].lower() == "all":
                if top:
                    walk.all = term["sign"] or "+"
                return  # nothing after it counts, redirect neither: section 5.1
            _mechanism(walk, term, domain, (*above, domain))
        else:
            _unknown(walk, domain, word)
    if redirect:
        walk.lookups += 1
        _refer(walk, redirect, (*above, domain), top=top)


def _mechanism(walk: Walk, term: re.Match[str], domain: str, above: tuple[str, ...]) -> None:
    name, value = term["name"].lower(), term["value"] or ""
    passes = term["sign"] in ("", "+")
    target, _slash, length = value.removeprefix(":").partition("/")
    if name in _ASKS:
        walk.lookups += 1
    if "%" in value:
        walk.macros = True
    elif name == "include":
        kept = len(walk.networks)
        _refer(walk, target, above)
        if not passes:
            del walk.networks[kept:]
    elif name in ("ip4", "ip6"):
        try:
            network = ipaddress.ip_network(value.removeprefix(":"), strict=False)
        except ValueError:
            _unknown(walk, domain, term.group())
            return
        if passes:
            walk.networks.append(network)
    elif name in ("a", "mx"):
        _hosts(walk, name, target or domain, length if passes else None)
    elif name == "ptr":
        walk.ptr = True
    else:
        walk.macros = True  # exists


def _refer(walk: Walk, target: str, above: tuple[str, ...], *, top: bool = False) -> None:
    target = target.lower().rstrip(".")
    if "%" in target:
        walk.macros = True
    elif target in above:
        _fault(walk, say("The SPF record of {domain} includes itself.", domain=target))
    else:
        _visit(walk, target, above, top=top)


def _hosts(walk: Walk, name: str, target: str, length: str | None) -> None:
    """The addresses of ``a`` and ``mx``. ``length`` is the prefix of IPv4 and IPv6, ``24//64``; None: they do not pass."""
    hosts = [target]
    if name == "mx":
        answer = walk.lookup(target, "MX")
        walk.silent = walk.silent or ("" if answer.known else target)
        hosts = [value.split()[-1].rstrip(".") for value in answer.values][:10]
    found = [walk.lookup(host, kind) for host in hosts for kind in ("A", "AAAA")]
    if not all(answer.known for answer in found):
        walk.silent = walk.silent or target
    addresses = [value for answer in found for value in answer.values]
    walk.void += not addresses
    if length is None:
        return
    short, _slashes, long = (
        length.partition("//") if not length.startswith("/") else ("", "", length.strip("/"))
    )
    for address in addresses:
        prefix = long if ":" in address else short
        try:
            walk.networks.append(
                ipaddress.ip_network(f"{address}/{prefix}" if prefix else address, strict=False)
            )
        except ValueError:
            _unknown(walk, target, f"/{length}")


def _unknown(walk: Walk, domain: str, word: str) -> None:
    _fault(
        walk,
        say(
            "The SPF record of {domain} holds {word!r}, which SPF does not know.",
            domain=domain,
            word=word[:80],
        ),
    )


def _fault(walk: Walk, text: Text) -> None:
    walk.faults.append(text)
