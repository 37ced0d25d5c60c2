"""DMARC: what receivers are asked to do with mail that fails, and whom they tell. RFC 7489; the tree walk of RFC 9989."""

from __future__ import annotations

from zhiyin.domain.domain_health import Finding, HealthState, Lookup, Matter
from zhiyin.domain.text import Text, say
from zhiyin.loop.deliver.domain_health import tags

_POLICIES = ("none", "quarantine", "reject")
_MOST_STEPS = 8


def finding(domain: str, lookup: Lookup) -> Finding:
    """How the DMARC record that holds for a domain stands: its own, else that of the nearest domain above."""
    above = _levels(domain)
    for level in above:
        name = f"_dmarc.{level}"
        answer = lookup(name, "TXT")
        if not answer.known:
            return tags.silent(Matter.DMARC, name)
        if records := tags.versioned(answer, "v=DMARC1"):
            return _judged(domain, level, records, lookup)
    return Finding(
        Matter.DMARC,
        HealthState.PROBLEM,
        say("{domain} has no DMARC record. Gmail and Yahoo ask for one from whoever sends many messages.", domain=domain),
        say("Publish a TXT record at {name}: {record}", name=f"_dmarc.{domain}",
            record=f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"),
        f"_dmarc.{domain}",
    )  # fmt: skip


def _judged(domain: str, level: str, records: list[str], lookup: Lookup) -> Finding:
    name, told = f"_dmarc.{level}", tags.parse(records[0])
    inherited = told.get("sp") if level != domain else None
    policy = (inherited or told.get("p", "")).lower()
    addresses = _addresses(told.get("rua", ""))

    def found(state: HealthState, what: Text, fix: Text | str = "") -> Finding:
        return Finding(Matter.DMARC, state, what, fix, name, " | ".join(records)[: tags.SHOWN])

    if len(records) > 1:
        many = say(
            "There are {n} DMARC records at {name}; receivers use none of them.", n=len(records), name=name
        )
        return found(HealthState.PROBLEM, many, say("Leave one of them."))
    if policy not in _POLICIES:
        unclear = say(
            "The DMARC policy is {policy!r}, which is none of none, quarantine and reject.", policy=policy
        )
        return found(HealthState.PROBLEM, unclear, say("Write p=none, p=quarantine or p=reject."))
    if not addresses:
        deaf = say("The DMARC policy is {policy}, but nobody gets the reports.", policy=policy)
        add = say("Add rua=mailto:dmarc@{domain} to the record at {name}.", domain=level, name=name)
        return found(HealthState.WARNING, deaf, add)
    if closed := _closed(addresses, level, lookup):
        away = say(
            "Reports should go to {address}, but nothing says that they are taken there.", address=closed[0]
        )
        allow = say("Have this TXT record published at {name}: v=DMARC1", name=closed[1])
        return found(HealthState.WARNING, away, allow)
    if policy == "none":
        watching = say("The DMARC policy is none: receivers report, and let forged mail pass.")
        go_on = say(
            "When the reports show that all your own mail passes, go on to p=quarantine, then p=reject."
        )
        return found(HealthState.WARNING, watching, go_on)
    if told.get("pct", "100") != "100" or told.get("t", "n").lower() == "y":
        partly = say("The DMARC policy {policy} holds for a part of the mail only.", policy=policy)
        return found(HealthState.WARNING, partly, say("Leave pct= and t=y out when the reports look right."))
    strict = [f"{key}=s" for key in ("adkim", "aspf") if told.get(key, "r").lower() == "s"]
    if strict:
        exact = say(
            "The DMARC policy is {policy}, reports go to {addresses}; domains must be exactly the same ({strict}).",
            policy=policy,
            addresses=addresses,
            strict=strict,
        )
        return found(HealthState.OK, exact)
    fine = say("The DMARC policy is {policy}, reports go to {addresses}.", policy=policy, addresses=addresses)
    return found(HealthState.OK, fine)


def _closed(addresses: list[str], domain: str, lookup: Lookup) -> tuple[str, str] | None:
    """An address for reports in a foreign domain that did not say it takes them, and where it would say so."""
    for address in addresses:
        host = address.rpartition("@")[2].lower().rstrip(".")
        if host == domain or host.endswith(f".{domain}") or domain.endswith(f".{host}"):
            continue
        name = f"{domain}._report._dmarc.{host}"
        answer = lookup(name, "TXT")
        if answer.known and not tags.versioned(answer, "v=DMARC1"):
            return address, name
    return None


def _levels(domain: str) -> list[str]:
    """The domain and those above it, down to two labels; of very deep ones the middle is left out (RFC 9989)."""
    labels = domain.split(".")
    every = [".".join(labels[at:]) for at in range(max(1, len(labels) - 1))]
    return every if len(every) <= _MOST_STEPS else [every[0], *every[1 - _MOST_STEPS :]]


def _addresses(rua: str) -> list[str]:
    found = [
        uri.partition(":")[2].partition("!")[0] for uri in rua.split(",") if uri.lower().startswith("mailto:")
    ]
    return [address for address in found if "@" in address]
