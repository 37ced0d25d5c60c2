"""What lies around the mail itself: where answers go, the reverse name of the sender, and encryption asked of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zhiyin.domain.domain_health import Finding, HealthState, Lookup, Matter
from zhiyin.domain.text import Text, say
from zhiyin.loop.deliver.domain_health import tags


def mx(domain: str, lookup: Lookup) -> Finding:
    """Whether answers and bounces can come in. RFC 5321 section 5.1, RFC 7505."""
    answer = lookup(domain, "MX")
    if not answer.known:
        return tags.silent(Matter.MX, domain)
    hosts = [value.split()[-1].rstrip(".") for value in sorted(answer.values, key=_preference)]

    def found(state: HealthState, what: Text, fix: Text | str = "") -> Finding:
        return Finding(Matter.MX, state, what, fix, domain, " | ".join(answer.values)[: tags.SHOWN])

    cure = say("Publish an MX record that leads to a mailbox you read, or send from a domain that has one.")
    if not any(hosts):
        what = (
            say(
                "{domain} says that it takes no mail, so that some receivers refuse what comes from it.",
                domain=domain,
            )
            if hosts
            else say("{domain} has no MX record, so that answers and bounces get lost.", domain=domain)
        )
        return found(HealthState.PROBLEM if hosts else HealthState.WARNING, what, cure)
    there = [lookup(host, kind) for host in hosts[:3] for kind in ("A", "AAAA")]
    if not any(one.values for one in there):
        if not all(one.known for one in there):
            return tags.silent(Matter.MX, hosts[0])
        return found(
            HealthState.PROBLEM,
            say("The MX record leads to {host}, which has no address.", host=hosts[0]),
            cure,
        )
    return found(HealthState.OK, say("Answers go to {hosts}.", hosts=hosts[:3]))


def ptr(addresses: Sequence[str], lookup: Lookup) -> Finding:
    """Whether each sending address has a name that leads back to it; large receivers refuse mail without."""
    names: list[str] = []
    for address in addresses:
        answer = lookup(address, "PTR")
        if not answer.known:
            return tags.silent(Matter.PTR, address)
        hosts = [value.rstrip(".") for value in answer.values]
        cure = say(
            "Ask whoever gave you the address to name it after your mail server, and let that name lead to it."
        )
        if not hosts:
            return Finding(
                Matter.PTR,
                HealthState.PROBLEM,
                say("The sending address {address} has no name (PTR).", address=address),
                cure,
                address,
            )
        back = [lookup(host, "AAAA" if ":" in address else "A") for host in hosts[:3]]
        if not any(address in one.values for one in back):
            if not all(one.known for one in back):
                return tags.silent(Matter.PTR, hosts[0])
            away = say(
                "The sending address {address} is named {host}, but that name does not lead back to it.",
                address=address,
                host=hosts[0],
            )
            return Finding(Matter.PTR, HealthState.PROBLEM, away, cure, address, hosts[0])
        names += hosts[:1]
    told = say(
        "The sending address {address} is named {host}, which leads back to it.",
        address=list(addresses),
        host=names,
    )
    return Finding(Matter.PTR, HealthState.OK, told, "", ", ".join(addresses), ", ".join(names))


def no_address(why: Text, fix: Text) -> Finding:
    """The finding where nobody knows from which address mail goes out."""
    return Finding(Matter.PTR, HealthState.UNKNOWN, why, fix)


def tls_rpt(domain: str, lookup: Lookup) -> Finding:
    """Whether senders tell when they cannot encrypt mail to this domain. RFC 8460."""
    return _optional(
        Matter.TLS_RPT,
        f"_smtp._tls.{domain}",
        "v=TLSRPTv1",
        "rua",
        lookup,
        say("Nobody reports when mail to {domain} cannot be encrypted.", domain=domain),
        f"v=TLSRPTv1; rua=mailto:tls@{domain}",
        lambda value: say("Reports about encryption go to {value}.", value=value),
    )


def mta_sts(domain: str, lookup: Lookup) -> Finding:
    """Whether senders are asked to insist on encryption to this domain. RFC 8461; the policy file is not fetched."""
    return _optional(
        Matter.MTA_STS,
        f"_mta-sts.{domain}",
        "v=STSv1",
        "id",
        lookup,
        say(
            "{domain} does not ask senders to insist on encryption (MTA-STS); it is worth having, and no must.",
            domain=domain,
        ),
        "v=STSv1; id=1",
        lambda value: say("Senders are asked to insist on encryption, policy {value}.", value=value),
    )


def _optional(
    matter: Matter,
    name: str,
    version: str,
    tag: str,
    lookup: Lookup,
    missing: Text,
    example: str,
    fine: Callable[[str], Text],
) -> Finding:
    answer = lookup(name, "TXT")
    if not answer.known:
        return tags.silent(matter, name)
    records = tags.versioned(answer, version)
    record = " | ".join(records)[: tags.SHOWN]
    publish = say("Publish a TXT record at {name}: {record}", name=name, record=example)
    if not records:
        return Finding(matter, HealthState.WARNING, missing, publish, name)
    value = tags.parse(records[0]).get(tag, "")
    if len(records) > 1 or not value:
        broken = say("The record at {name} is not valid: one with {tag}= is needed.", name=name, tag=tag)
        return Finding(matter, HealthState.PROBLEM, broken, publish, name, record)
    return Finding(matter, HealthState.OK, fine(value), "", name, record)


def _preference(value: str) -> int:
    number = value.split()[0] if value.split() else ""
    return int(number) if number.isdigit() else 0
