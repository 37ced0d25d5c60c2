"""SPF: which servers may send for a domain. RFC 7208."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from zhiyin.domain.domain_health import Finding, HealthState, Lookup, Matter
from zhiyin.domain.text import Text, say
from zhiyin.loop.deliver.domain_health.spf_walk import Network, follow
from zhiyin.loop.deliver.domain_health.tags import SHOWN, silent

MOST_LOOKUPS = 10  # section 4.6.4
MOST_VOID = 2


def finding(domain: str, lookup: Lookup, addresses: Sequence[str] = ()) -> Finding:
    """How the SPF record of a domain stands, and whether it covers the addresses that send."""
    walk = follow(domain, lookup)

    def found(state: HealthState, what: Text, fix: Text | str = "") -> Finding:
        return Finding(Matter.SPF, state, what, fix, domain, " | ".join(walk.records)[:SHOWN])

    if not walk.records:
        if walk.silent:
            return silent(Matter.SPF, domain)
        return found(
            HealthState.PROBLEM,
            say(
                "{domain} has no SPF record, so that nobody can tell which servers send for it.",
                domain=domain,
            ),
            say("Publish a TXT record at {domain}: {record}", domain=domain, record=_example(addresses)),
        )
    if walk.faults:
        return found(
            HealthState.PROBLEM, walk.faults[0], say("Mend it; until then receivers take SPF as broken.")
        )
    if walk.lookups > MOST_LOOKUPS:
        return found(
            HealthState.PROBLEM,
            say(
                "The SPF record takes {n} look-ups; receivers stop at 10 and take it as broken.",
                n=walk.lookups,
            ),
            say("Leave out what no longer sends, or write addresses as ip4: and ip6: in place of include:."),
        )
    if walk.all == "+":
        return found(
            HealthState.PROBLEM,
            say(
                "The SPF record ends in +all: it lets everybody send in the name of {domain}.", domain=domain
            ),
            say("End it with -all or ~all."),
        )
    if walk.silent:
        return silent(Matter.SPF, walk.silent)
    if uncovered := [one for one in addresses if not walk.macros and not _covered(one, walk.networks)]:
        return found(
            HealthState.WARNING,
            say("The SPF record does not cover the mail server's address {addresses}.", addresses=uncovered),
            say("Add it as {terms}, unless a service sends on from there by other addresses and says what to include.",
                terms=" ".join(_term(one) for one in uncovered)),
        )  # fmt: skip
    if walk.all not in ("-", "~"):
        return found(
            HealthState.WARNING,
            say("The SPF record says nothing of all other servers, so that it protects little."),
            say("End it with -all or ~all."),
        )
    if walk.void > MOST_VOID:
        return found(
            HealthState.WARNING,
            say("{n} look-ups of the SPF record lead nowhere; some receivers stop at 2.", n=walk.void),
            say("Leave out names that no longer exist."),
        )
    if walk.ptr:
        return found(
            HealthState.WARNING,
            say("The SPF record uses ptr, which is slow and which some receivers pass over."),
            say("Write the addresses as ip4: and ip6:."),
        )
    return found(
        HealthState.OK,
        say("The SPF record is valid with {n} of 10 look-ups and ends in {all}.", n=walk.lookups, all=f"{walk.all}all"),
    )  # fmt: skip


def _covered(address: str, networks: Sequence[Network]) -> bool:
    return any(ipaddress.ip_address(address) in network for network in networks)


def _term(address: str) -> str:
    return f"ip6:{address}" if ":" in address else f"ip4:{address}"


def _example(addresses: Sequence[str]) -> str:
    terms = [_term(address) for address in addresses] or ["include:…"]
    return " ".join(["v=spf1", *terms, "~all"])
