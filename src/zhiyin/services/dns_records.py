"""What a sending domain has to publish: its keys, who may send for it (SPF), what to do with the rest (DMARC)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from zhiyin.adapters.records.models import SendingDomain
from zhiyin.domain.host import ascii_domain, is_private
from zhiyin.domain.sending_domain import DnsRecord, KeyState, aligned
from zhiyin.domain.text import say
from zhiyin.services.workspace import Workspace

DKIM, SPF, DMARC = "dkim", "spf", "dmarc"
STAYS = timedelta(days=7)  # a retired key: servers try for days to deliver what it signed


@dataclass(frozen=True, slots=True)
class Advice:
    """One record to publish, and why."""

    kind: str
    record: DnsRecord
    why: str


def of(ws: Workspace, row: SendingDomain) -> list[Advice]:
    """The records of a domain, those of its keys first."""
    return [*_keys(ws, row), _spf(ws, row.name), _dmarc(row.name)]


def _keys(ws: Workspace, row: SendingDomain) -> list[Advice]:
    found = []
    for key in row.keys.all():
        noun = key.noun
        if noun.state == KeyState.ACTIVE:
            why = say("Mailbox providers check signatures with it. Publish it before you send.")
        elif key.retired_at is not None and ws.now() < key.retired_at + STAYS:
            why = say(
                "Retired. Leave it for {days} days: mail that it signed is on its way.", days=STAYS.days
            )
        else:
            continue
        found.append(Advice(DKIM, noun.record, why))
    return found


def _spf(ws: Workspace, domain: str) -> Advice:
    """Asked about the domain of the return path, which may be one below."""
    address = ws.settings.sender.bounce_address or ws.settings.sender.email
    back = ascii_domain(address.rpartition("@")[2].lower())
    server = ws.settings.smtp.host
    known = server and not is_private(server)
    value = f"v=spf1 a:{server} ~all" if known else "v=spf1 mx ~all"
    return Advice(
        SPF,
        DnsRecord(back if aligned(domain, back) else domain, value),
        say(
            "Names the servers that may send for this domain. There may be one such record only: add to the one "
            "you have. A mail service tells what to include in place of its server."
        ),
    )


def _dmarc(domain: str) -> Advice:
    return Advice(
        DMARC,
        DnsRecord(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"),
        say(
            "Tells what to do with mail that neither SPF nor a signature vouches for, and asks for reports. "
            "Large providers ask for it. When the reports show nothing strange, put p=quarantine, then p=reject."
        ),
    )
