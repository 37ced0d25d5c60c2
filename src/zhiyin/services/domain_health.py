"""The health of a sending domain: DNS is asked when somebody asks, and what it said is kept."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from zhiyin.adapters.channels.probe import Encryption, encryption
from zhiyin.adapters.dns import NameServer
from zhiyin.adapters.records.models import DkimKey, DomainCheck
from zhiyin.domain.domain_health import Finding, HealthState, Lookup, Matter, worst
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.host import ascii_domain, is_private, is_this_machine
from zhiyin.domain.settings import SmtpSettings
from zhiyin.domain.text import dump, load, say
from zhiyin.loop.deliver.domain_health import dkim, dmarc, spf, transport
from zhiyin.services.workspace import Workspace

_MOST_ADDRESSES = 4
_MOST_SELECTORS = 10
_TEXTS = ("what", "fix")


@dataclass(frozen=True, slots=True)
class Health:
    """What was found out about a domain, and when."""

    domain: str
    selectors: list[str]
    checked_at: datetime
    findings: list[Finding]

    @property
    def state(self) -> HealthState:
        """The worst of all."""
        return worst(self.findings)

    def count(self, state: str) -> int:
        """How many matters stand so."""
        return sum(1 for finding in self.findings if finding.state == state)


def check(
    ws: Workspace, domain: str, selectors: Sequence[str] = (), *, resolver: str = "", address: str = ""
) -> Health:
    """Ask DNS about a domain and the mail server about encryption; the answers are kept as the last check.

    ``selectors`` are those of DKIM; without any, those that are known (``known_selectors``). ``resolver`` is a
    name server as ``ADDRESS:PORT``, ``address`` where mail goes out, by default that of ``smtp.host``. Raises
    ``BadSetting``.
    """
    domain = domain_of(domain)
    given = list(dict.fromkeys(filter(None, (_selector(one) for one in selectors))))
    asked = (given or known_selectors(domain))[:_MOST_SELECTORS]
    lookup = NameServer(resolver).lookup
    smtp = ws.settings.smtp
    senders, unknown = _senders(smtp, _address(address), lookup)
    findings = [
        spf.finding(domain, lookup, senders),
        *([dkim.finding(domain, one, lookup) for one in asked] or [dkim.nothing_known(domain)]),
        dmarc.finding(domain, lookup),
        unknown or transport.ptr(senders, lookup),
        _starttls(smtp),
        transport.mx(domain, lookup),
        transport.tls_rpt(domain, lookup),
        transport.mta_sts(domain, lookup),
    ]
    found = Health(domain, asked, ws.now(), findings)
    _keep(found)
    return found


def last(domain: str) -> Health | None:
    """What the last check of a domain found, if there was one."""
    row = DomainCheck.objects.filter(domain=domain).first()
    return _health(row) if row else None


def checked() -> list[str]:
    """The domains that were checked, the latest first."""
    return list(DomainCheck.objects.order_by("-checked_at").values_list("domain", flat=True))


def known_selectors(domain: str) -> list[str]:
    """The selectors of the keys that sign for a domain here, and those of its last check."""
    ours = DkimKey.objects.filter(domain__name=domain, retired_at=None).values_list("selector", flat=True)
    before = last(domain)
    return list(dict.fromkeys([*ours, *(before.selectors if before else [])]))


def domain_of(text: str) -> str:
    """The domain of what was typed, a domain or an address, as DNS has it. Raises ``BadSetting``.

    >>> domain_of(" News@Shop.Example. "), domain_of("茶.example")
    ('shop.example', 'xn--cl1a.example')
    """
    name = ascii_domain(text.strip().rpartition("@")[2].rstrip(".").lower())
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or not all(label.replace("-", "").isalnum() for label in labels):
        raise BadSetting(
            say("{text!r} is no domain.", text=text[:100]),
            fix=say("Give the part after the @ of the sender, such as shop.example."),
        )
    return name


def _selector(text: str) -> str:
    name = text.strip().strip(".").lower()
    if name and not all(part.replace("-", "").replace("_", "").isalnum() for part in name.split(".")):
        raise BadSetting(
            say("{text!r} is no DKIM selector.", text=text[:100]),
            fix=say("Give the s= of a DKIM-Signature, such as mail1."),
        )
    return name[:63]


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip())) if text.strip() else ""
    except ValueError as error:
        raise BadSetting(
            say("{text!r} is no address of a server.", text=text[:100]),
            fix=say("Give one such as 192.0.2.10 or 2001:db8::10."),
        ) from error


def _senders(smtp: SmtpSettings, address: str, lookup: Lookup) -> tuple[list[str], Finding | None]:
    """The addresses mail goes out from, or why they are not known."""
    if address:
        return [address], None
    give = say("Give the address with --address, or look at a message that arrived.")
    if not smtp.host:
        why = say("No mail server is set up, so that the sending address is not known.")
        return [], transport.no_address(why, say("Set smtp.host in the settings."))
    if is_this_machine(smtp.host) or is_private(smtp.host):
        why = say("The mail server {host} is of this network; receivers see another address.", host=smtp.host)
        return [], transport.no_address(why, give)
    try:
        return [str(ipaddress.ip_address(smtp.host.strip("[]")))], None
    except ValueError:
        pass
    answers = [lookup(smtp.host, kind) for kind in ("A", "AAAA")]
    found = [value for answer in answers for value in answer.values][:_MOST_ADDRESSES]
    if found:
        return found, None
    if all(answer.known for answer in answers):
        why = say("The mail server {host} has no address in DNS.", host=smtp.host)
        return [], transport.no_address(why, say("Check smtp.host in the settings."))
    return [], transport.no_address(say("DNS did not answer about {name}.", name=smtp.host), give)


def _starttls(smtp: SmtpSettings) -> Finding:
    def found(state: HealthState, what: str, fix: str = "") -> Finding:
        return Finding(Matter.STARTTLS, state, what, fix, f"{smtp.host}:{smtp.port}" if smtp.host else "")

    if not smtp.host:
        return found(
            HealthState.UNKNOWN, say("No mail server is set up."), say("Set smtp.host in the settings.")
        )
    kind, detail = encryption(smtp, patience=3.0)
    if kind == Encryption.UNREACHABLE:
        silent = say("The mail server {host} did not answer: {detail}", host=smtp.host, detail=detail)
        return found(HealthState.UNKNOWN, silent, say("Check host, port and firewall."))
    if kind == Encryption.UNTRUSTED:
        forged = say(
            "The certificate of {host} is not to be trusted: {detail}", host=smtp.host, detail=detail
        )
        return found(HealthState.PROBLEM, forged, say("Have it renewed, or correct smtp.host."))
    if kind == Encryption.NONE:
        near = is_this_machine(smtp.host)
        plain = say("The mail server {host} offers no encryption.", host=smtp.host)
        cure = say("Use a server that offers STARTTLS, or port 465 with TLS.")
        return found(HealthState.OK, plain) if near else found(HealthState.PROBLEM, plain, cure)
    if smtp.security == "none":
        unused = say("The mail server {host} offers encryption, but it is not used.", host=smtp.host)
        return found(HealthState.WARNING, unused, say("Set smtp.security to starttls."))
    return found(HealthState.OK, say("The mail server {host} takes messages encrypted.", host=smtp.host))


def _keep(found: Health) -> None:
    kept = [{**asdict(one), **{name: dump(getattr(one, name)) for name in _TEXTS}} for one in found.findings]
    DomainCheck.objects.update_or_create(
        domain=found.domain,
        defaults={"selectors": found.selectors, "checked_at": found.checked_at, "findings": kept},
    )


def _health(row: DomainCheck) -> Health:
    findings = [
        Finding(
            Matter(one["matter"]),
            HealthState(one["state"]),
            load(one["what"]),
            load(one["fix"]),
            one["name"],
            one["record"],
        )
        for one in row.findings
    ]
    return Health(row.domain, list(row.selectors), row.checked_at, findings)
