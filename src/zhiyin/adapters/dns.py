"""Questions to DNS, through dnspython; asked only where a user asks for it."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING

from zhiyin.domain.domain_health import Answer
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.text import say

if TYPE_CHECKING:
    from dns.resolver import Resolver

PATIENCE = 3.0  # seconds for one question
_PORT = 53
_SILENCES = 3


class NameServer:
    """Asks a name server, the system's own unless ``server`` names one as ``ADDRESS`` or ``ADDRESS:PORT``.

    Each question is asked once; all together take at most ``seconds``, after which the rest are not answered, nor
    are they once a server was silent to several in a row.
    """

    def __init__(self, server: str = "", *, seconds: float = 15.0, patience: float = PATIENCE) -> None:
        self._server = _server(server) if server else None
        self._left, self._patience = seconds, patience
        self._silences = 0  # in a row
        self._answers: dict[tuple[str, str], Answer] = {}
        self._resolver: Resolver | None = None

    def lookup(self, name: str, kind: str) -> Answer:
        """What stands at a name; ``kind`` is TXT, MX, A, AAAA, or PTR with an address as the name."""
        key = (name.lower().rstrip("."), kind)
        if key not in self._answers:
            started = time.monotonic()
            gone = self._left <= 0 or self._silences >= _SILENCES
            self._answers[key] = Answer(known=False) if gone else self._ask(name, kind)
            self._left -= time.monotonic() - started
        return self._answers[key]

    def _ask(self, name: str, kind: str) -> Answer:
        import dns.exception
        import dns.name
        import dns.resolver
        import dns.reversename

        try:
            if self._resolver is None:
                self._resolver = self._made()
            where = dns.reversename.from_address(name) if kind == "PTR" else dns.name.from_text(name)
            found = self._resolver.resolve(
                where,
                kind,
                lifetime=min(self._patience, self._left),
                raise_on_no_answer=False,
                search=False,
            )
        except (dns.resolver.NXDOMAIN, dns.name.NameTooLong, dns.name.LabelTooLong, dns.name.EmptyLabel):
            self._silences = 0
            return Answer()
        except dns.exception.Timeout:
            self._silences += 1
            return Answer(known=False)
        except (dns.exception.DNSException, OSError):  # SERVFAIL, no resolver, no network
            return Answer(known=False)
        self._silences = 0
        return Answer(tuple(_text(one, kind) for one in found.rrset or ()))

    def _made(self) -> Resolver:
        from dns.resolver import Resolver

        made = Resolver(configure=self._server is None)
        if self._server is not None:
            address, made.port = self._server
            made.nameservers = [address]
        made.timeout = self._patience / 2  # so that what is lost on the way is asked for once more
        return made


def _text(record: object, kind: str) -> str:
    """One record; the parts of a TXT belong together without blanks (RFC 7208 section 3.3)."""
    if kind == "TXT":
        return b"".join(getattr(record, "strings", ())).decode("utf-8", "replace")
    return str(record)


def _server(text: str) -> tuple[str, int]:
    """The address and the port of ``ADDRESS``, ``ADDRESS:PORT`` or ``[ADDRESS]:PORT``. Raises ``BadSetting``."""
    host, port = text.strip(), ""
    if host.startswith("[") or host.count(":") == 1:
        host, _colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    try:
        address = str(ipaddress.ip_address(host.strip("[]")))
        number = int(port) if port else _PORT
        if not 0 < number < 65536:
            raise ValueError(port)
    except ValueError as error:
        raise BadSetting(
            say("{text!r} is no name server.", text=text),
            fix=say("Give its address, such as 1.1.1.1 or 127.0.0.1:5353."),
        ) from error
    return address, number
